#include "adapters/redis/resp.hpp"

#include "base/assert.hpp"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

namespace knotos::adapters::redis {
namespace {

Reply reply_of(const redisReply& raw) {
  Reply reply;
  switch (raw.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      reply.kind = Reply::Kind::text;
      break;
    case REDIS_REPLY_ERROR:
      reply.kind = Reply::Kind::error;
      break;
    case REDIS_REPLY_INTEGER:
      reply.kind = Reply::Kind::number;
      break;
    case REDIS_REPLY_ARRAY:
      reply.kind = Reply::Kind::list;
      break;
    default:
      return reply;
  }
  if (raw.str != nullptr) reply.text.assign(raw.str, raw.len);
  reply.number = raw.integer;
  reply.items.reserve(raw.elements);
  for (std::size_t i = 0; i < raw.elements; ++i) reply.items.push_back(reply_of(*raw.element[i]));
  return reply;
}

}  // namespace

void append_command(std::string& out, std::span<const std::string_view> words) {
  std::vector<const char*> pointers;
  std::vector<std::size_t> sizes;
  pointers.reserve(words.size());
  sizes.reserve(words.size());
  for (const auto& word : words) {
    pointers.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* text = nullptr;
  const auto bytes =
      redisFormatCommandArgv(&text, static_cast<int>(words.size()), pointers.data(), sizes.data());
  KN_ASSERT(bytes > 0);
  out.append(text, static_cast<std::size_t>(bytes));
  redisFreeCommand(text);
}

void append_command(std::string& out, std::initializer_list<std::string_view> words) {
  append_command(out, std::span(words.begin(), words.size()));
}

void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader(std::size_t unread_bytes_max)
    : reader_(redisReaderCreate()), unread_bytes_max_(unread_bytes_max) {
  KN_ASSERT(reader_ != nullptr);
}

void ReplyReader::feed(std::string_view bytes) {
  // A failure is remembered by the reader and told by the next `next`.
  (void)redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
}

std::expected<std::optional<Reply>, std::string> ReplyReader::next() {
  void* raw = nullptr;
  if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
    return std::unexpected(std::string(reader_->errstr));
  }
  if (raw == nullptr) {
    if (reader_->len - reader_->pos > unread_bytes_max_) return std::unexpected("it is too large");
    return std::nullopt;
  }
  auto* whole = static_cast<redisReply*>(raw);
  auto reply = reply_of(*whole);
  freeReplyObject(whole);
  return reply;
}

}  // namespace knotos::adapters::redis
