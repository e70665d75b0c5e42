// The key store as an auditor reads it: every frame, and nothing is cut or compacted.
// storage/key_store.hpp has the layout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/byte_view.hpp"
#include "core/errc.hpp"
#include "storage/head_file.hpp"

namespace tokenledger {

struct KeyStoreCheck {
  std::uint64_t frames = 0;
  std::uint64_t values = 0;  // put by frames, erased and replaced ones included
  // A sentence with the byte; empty: every byte is as a writer left it.
  std::string problem;
};

// `known`: what HEAD says was durable. Values are opened too where there is a master key; an empty
// one leaves them sealed. file_not_found, unsupported_format (of a newer program), io_error; damage
// is a problem, not an error.
[[nodiscard]] Result<KeyStoreCheck> check_key_store(FileLayer& files,
                                                    const std::filesystem::path& path,
                                                    const LedgerId& ledger_id, KeyStoreMark known,
                                                    ByteView master_key);

}  // namespace tokenledger
