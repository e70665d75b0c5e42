// Checks what our log says with the packages that check Go's own module database (golang.org/x/mod/sumdb), which know
// nothing of this project.
//
//	go_tlog note   VKEY NOTE...
//	go_tlog log    VKEY DIRECTORY...                      checkpoint and hash tiles as C2SP tlog-tiles lays them out
//	go_tlog record VKEY CHECKPOINT INDEX ENTRY PROOF...   {"hashes": [base64, ...]} proves the entry
//	go_tlog tree   VKEY OLD_CHECKPOINT NEW_CHECKPOINT PROOF...
//
// One line for each of the last arguments, "accepted" or "refused" first; exit 1 when one was refused.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8 // 2^8 hashes in a full tile (C2SP tlog-tiles)

func openNote(vkey, path string) (string, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	opened, err := note.Open(content, note.VerifierList(verifier))
	if err != nil {
		return "", err
	}
	return opened.Text, nil
}

// tlog.ParseTree knows only the first line of Go's own database.
func openCheckpoint(vkey, path string) (tlog.Tree, error) {
	text, err := openNote(vkey, path)
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] != vkey[:strings.Index(vkey, "+")] {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func readHashes(path string) ([]tlog.Hash, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var proof struct{ Hashes []string }
	if err := json.Unmarshal(content, &proof); err != nil {
		return nil, err
	}
	hashes := make([]tlog.Hash, len(proof.Hashes))
	for i, text := range proof.Hashes {
		hash, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || len(hash) != tlog.HashSize {
			return nil, errors.New("not a hash: " + text)
		}
		copy(hashes[i][:], hash)
	}
	return hashes, nil
}

// tilesOf lists the tiles of a tree, the last of each level as wide as the tree is. (tlog.NewTiles also lists the
// widths that it had on its way.)
func tilesOf(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for level := 0; size > 0; level++ {
		for n := int64(0); n<<tileHeight < size; n++ {
			tile := tlog.Tile{H: tileHeight, L: level, N: n, W: 1 << tileHeight}
			if left := size - n<<tileHeight; left < int64(tile.W) {
				tile.W = int(left)
			}
			tiles = append(tiles, tile)
		}
		size >>= tileHeight
	}
	return tiles
}

func readTile(directory string, tile tlog.Tile) ([]byte, error) {
	// Go names the height in the path, C2SP does not.
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
	return os.ReadFile(filepath.Join(directory, path))
}

// leafHashes reads the level of the tiles from which all others follow.
func leafHashes(directory string, size int64) ([]tlog.Hash, error) {
	leaves := make([]tlog.Hash, 0, size)
	for _, tile := range tilesOf(size) {
		if tile.L > 0 {
			break
		}
		content, err := readTile(directory, tile)
		if err != nil {
			return nil, err
		}
		if len(content) != tile.W*tlog.HashSize {
			return nil, errors.New("a tile of another length")
		}
		for ; len(content) > 0; content = content[tlog.HashSize:] {
			var hash tlog.Hash
			copy(hash[:], content)
			leaves = append(leaves, hash)
		}
	}
	return leaves, nil
}

// checkLog derives every hash of the tree from the leaves and compares every tile with it. tlog.TileHashReader is no
// help here: as of golang.org/x/mod 0.7.0 it leaves full tiles unchecked where the subtrees of the tree's size share a
// tile.
func checkLog(vkey, directory string) error {
	tree, err := openCheckpoint(vkey, filepath.Join(directory, "checkpoint"))
	if err != nil {
		return err
	}
	leaves, err := leafHashes(directory, tree.N)
	if err != nil {
		return err
	}
	var stored []tlog.Hash
	derived := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	for i, leaf := range leaves {
		hashes, err := tlog.StoredHashesForRecordHash(int64(i), leaf, derived)
		if err != nil {
			return err
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(tree.N, derived)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return errors.New("the tiles have another root")
	}
	for _, tile := range tilesOf(tree.N) {
		expected, err := tlog.ReadTileData(tile, derived)
		if err != nil {
			return err
		}
		found, err := readTile(directory, tile)
		if err != nil {
			return err
		}
		if !bytes.Equal(found, expected) {
			return errors.New("another tile: " + tile.Path())
		}
	}
	return nil
}

func checkRecord(vkey, checkpoint, index, entry, proof string) error {
	tree, err := openCheckpoint(vkey, checkpoint)
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(index, 10, 64)
	if err != nil {
		return err
	}
	record, err := os.ReadFile(entry)
	if err != nil {
		return err
	}
	hashes, err := readHashes(proof)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(hashes, tree.N, tree.Hash, number, tlog.RecordHash(record))
}

func checkTree(vkey, oldCheckpoint, newCheckpoint, proof string) error {
	older, err := openCheckpoint(vkey, oldCheckpoint)
	if err != nil {
		return err
	}
	newer, err := openCheckpoint(vkey, newCheckpoint)
	if err != nil {
		return err
	}
	hashes, err := readHashes(proof)
	if err != nil {
		return err
	}
	return tlog.CheckTree(hashes, newer.N, newer.Hash, older.N, older.Hash)
}

func main() {
	fixed := map[string]int{"note": 3, "log": 3, "record": 6, "tree": 5} // arguments before the list
	if len(os.Args) < 2 || fixed[os.Args[1]] == 0 || len(os.Args) <= fixed[os.Args[1]] {
		fmt.Fprintln(os.Stderr, "usage: go_tlog note|log|record|tree VKEY ...")
		os.Exit(2)
	}
	a := os.Args
	failed := false
	for _, last := range a[fixed[a[1]]:] {
		var err error
		switch a[1] {
		case "note":
			_, err = openNote(a[2], last)
		case "log":
			err = checkLog(a[2], last)
		case "record":
			err = checkRecord(a[2], a[3], a[4], a[5], last)
		case "tree":
			err = checkTree(a[2], a[3], a[4], last)
		}
		if err != nil {
			failed = true
			fmt.Printf("refused %s: %v\n", last, err)
		} else {
			fmt.Printf("accepted %s\n", last)
		}
	}
	if failed {
		os.Exit(1)
	}
}
