#pragma once

#include "app/doctor.hpp"

#include <string>
#include <vector>

namespace knotos::app {

/// Looks at the MongoDB of this URL: within reach, version, primary, indexes, clock. Changes
/// nothing; no sentence holds the URL's secrets.
void examine_mongo(const std::string& url, std::vector<Finding>& out);

}  // namespace knotos::app
