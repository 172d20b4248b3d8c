#include "gateway/receipt_merger.hpp"

#include "base/metrics.hpp"

#include <utility>

namespace knotos::gateway {
namespace {

metrics::Counter receipts_told("gateway_receipts_told_total", "Receipts told to a chat.");
metrics::Counter receipts_merged("gateway_receipts_merged_total",
                                 "Receipts that a later one replaced before they were told.");
metrics::Counter receipts_dropped("gateway_receipts_dropped_total",
                                  "Receipts not told because too many readers moved at once.");

}  // namespace

ReceiptMerger::ReceiptMerger(server::Timers& timers, Limits limits, Tell tell)
    : timers_(timers), limits_(limits), tell_(std::move(tell)) {}

void ReceiptMerger::hear(const ports::ReceiptMoved& receipt) {
  const Key key{.chat_id = receipt.chat_id, .user_id = receipt.user_id, .is_read = receipt.is_read};
  const auto at = readers_.find(key);
  if (at == readers_.end()) {
    if (readers_.size() >= limits_.readers_max) return receipts_dropped.add();
    readers_[key].told = receipt.seq;
    watch(key);
    return tell(receipt);
  }
  auto& reader = at->second;
  if (receipt.seq <= reader.told) return;
  if (reader.waiting) receipts_merged.add();
  if (!reader.waiting || receipt.seq > reader.waiting->seq) reader.waiting = receipt;
}

void ReceiptMerger::tell(const ports::ReceiptMoved& receipt) {
  receipts_told.add();
  tell_(receipt);
}

void ReceiptMerger::watch(const Key& key) {
  // Never cancelled: it is what takes the reader off again.
  (void)timers_.at(timers_.now() + limits_.pause, [this, key] { pass(key); });
}

void ReceiptMerger::pass(const Key& key) {
  const auto at = readers_.find(key);
  if (at == readers_.end()) return;
  auto receipt = std::exchange(at->second.waiting, std::nullopt);
  if (!receipt) {
    readers_.erase(at);
    return;
  }
  at->second.told = receipt->seq;
  watch(key);
  tell(*receipt);
}

std::size_t ReceiptMerger::Hash::operator()(const Key& key) const {
  const auto chat = std::hash<domain::ChatId>{}(key.chat_id);
  const auto user = std::hash<domain::UserId>{}(key.user_id);
  return chat * 31 + user * 2 + (key.is_read ? 1 : 0);
}

}  // namespace knotos::gateway
