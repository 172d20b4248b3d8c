#pragma once

// The whole room at once, for the composition root. Others include the one header they need.
#include "runtime/blocking_pool.hpp"
#include "runtime/http_server.hpp"
#include "runtime/shard_pool.hpp"
