#pragma once

#include <cstddef>
#include <map>
#include <string_view>

namespace knotos::webapp {

/// One file of the client. All views are into the pack.
struct Asset {
  std::string_view type;      ///< The value of Content-Type.
  std::string_view hash;      ///< Of the content.
  bool is_immutable = false;  ///< Its name holds its hash: what is under the name never changes.
  std::string_view content;
  std::string_view gzip;  ///< Empty: not worth it.
};

/// Assets by path.
using Assets = std::map<std::string_view, Asset>;

/// Reads what web/scripts/pack.mjs has written: the line `knotos-web-pack 1`; a line for each file,
/// its fields parted by tabs: path, type, hash, `immutable` or `revalidated`, then offset and size
/// of the content and of its gzip form, counted from behind the empty line that ends the list; then
/// the bytes. An empty pack has no assets. The pack outlives the assets.
/// Throws std::runtime_error for anything else: the binary was built wrong.
[[nodiscard]] Assets read_pack(std::string_view pack);

}  // namespace knotos::webapp
