// The HTTP side of a witness of ours (C2SP tlog-witness): POST /add-checkpoint, and what it
// cosigned last at GET /<hexadecimal SHA-256 of the origin>/checkpoint.
#pragma once

#include <memory>

#include "api/http_router.hpp"
#include "api/worker_pool.hpp"
#include "storage/witness.hpp"

namespace tokenledger {

// Requests waiting for the disk; beyond: 503.
inline constexpr std::size_t kWitnessJobsMax = 64;

// The routes share both. Decisions run on the workers, because they wait for the disk.
void add_witness_endpoints(HttpRouter& router, const std::shared_ptr<Witness>& witness,
                           const std::shared_ptr<WorkerPool>& workers);

}  // namespace tokenledger
