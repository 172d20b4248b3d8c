#pragma once

#include <string>
#include <string_view>

namespace knotos::test {

/// A pack as web/scripts/pack.mjs writes it.
class PackText {
 public:
  void add(std::string_view path, std::string_view type, std::string_view hash,
           std::string_view kind, std::string_view content, std::string_view gzip = {}) {
    list_ += std::string(path) + '\t' + std::string(type) + '\t' + std::string(hash) + '\t' +
             std::string(kind);
    append(content);
    append(gzip);
    list_ += '\n';
  }
  [[nodiscard]] std::string text() const { return "knotos-web-pack 1\n" + list_ + '\n' + bytes_; }

 private:
  void append(std::string_view bytes) {
    list_ += '\t' + std::to_string(bytes_.size()) + '\t' + std::to_string(bytes.size());
    bytes_ += bytes;
  }

  std::string list_;
  std::string bytes_;
};

}  // namespace knotos::test
