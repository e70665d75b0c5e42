# tests of this folder, listed by name
