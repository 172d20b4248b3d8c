#include "app/doctor.hpp"

#include "adapters/crypto/secret_file.hpp"
#include "adapters/sqlite/backup.hpp"
#include "adapters/sqlite/data_directory.hpp"
#include "adapters/sqlite/schema.hpp"
#include "app/doctor_bus.hpp"
#include "app/doctor_store.hpp"
#include "app/value_text.hpp"
#include "base/time.hpp"
#include "runtime/tls_certificate.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <system_error>

namespace knotos::app {
namespace {

namespace fs = std::filesystem;

/// Below this a busy server's log of one day may not fit.
constexpr std::uintmax_t kFreeBytesMin = 1'000'000'000;
/// Fewer descriptors are fewer links than one machine serves with ease.
constexpr rlim_t kDescriptorsMin = 10'000;
/// A clock before the first version of this program was not set.
constexpr Time kEarliestTime{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

using Findings = std::vector<Finding>;

void good(Findings& out, std::string sentence) {
  out.push_back({Finding::Kind::good, std::move(sentence)});
}
void warn(Findings& out, std::string sentence) {
  out.push_back({Finding::Kind::warning, std::move(sentence)});
}
void bad(Findings& out, std::string sentence) {
  out.push_back({Finding::Kind::bad, std::move(sentence)});
}

void examine_settings(const Loaded& loaded, Findings& out) {
  for (const auto& problem : loaded.problems) bad(out, problem + ".");
  if (loaded.problems.empty())
    good(out, "The settings are understood; " + std::to_string(loaded.places.size()) +
                  " differ from their defaults (knotos check-config lists them).");
}

/// The nearest folder above that is there: where the data will be made.
fs::path existing_part(fs::path path) {
  std::error_code ec;
  while (!path.empty() && path != path.parent_path() && !fs::exists(path, ec))
    path = path.parent_path();
  return path.empty() ? fs::path(".") : path;
}

void examine_disk(const Config& config, Findings& out) {
  const auto folder = existing_part(config.data_dir);
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    return bad(out, "The data directory cannot be written: " + folder.string() + ": " +
                        std::system_category().message(errno) + ".");
  std::error_code ec;
  const auto space = fs::space(folder, ec);
  if (ec) return warn(out, "The disk's free space is not known: " + ec.message() + ".");
  const auto megabytes = std::to_string(space.available / 1'000'000);
  if (space.available < kFreeBytesMin)
    return warn(out, "Only " + megabytes + " MB are free where " + config.data_dir + " lies.");
  good(out, "The data directory can be written, and has " + megabytes + " MB free.");
}

void examine_database(const Config& config, Findings& out) {
  std::error_code ec;
  if (!fs::exists(fs::path(config.data_dir) / adapters::sqlite::kDatabaseName, ec))
    return good(out, "There is no database in " + config.data_dir + " yet; serving makes one.");
  try {
    const auto contents = adapters::sqlite::inspect(config.data_dir);
    good(out, "The database is whole: " + std::to_string(contents.users) + " users, " +
                  std::to_string(contents.chats) + " chats, " + std::to_string(contents.messages) +
                  " messages, " + std::to_string(contents.bytes / 1'000'000) + " MB.");
    if (contents.schema > adapters::sqlite::kSchemaVersion)
      bad(out, "The database was written by a newer Knotos (schema " +
                   std::to_string(contents.schema) + ").");
    if (Time(Milliseconds(contents.time_bound_ms)) > now_utc() + std::chrono::minutes(1))
      warn(out, "The clock is behind the last change in the database, of " +
                    format_time(Time(Milliseconds(contents.time_bound_ms))) +
                    ": times stand still until it catches up.");
  } catch (const std::exception& failure) {
    bad(out, std::string(failure.what()) + ".");
  }
}

void examine_secret(const Config& config, Findings& out) {
  const auto file = config.signing_secret_file();
  std::error_code ec;
  if (config.jwt_secret_file.empty() && !fs::exists(file, ec))
    return good(out, "There is no key for access tokens yet; serving makes one.");
  try {
    (void)adapters::crypto::load_secret(file);
    good(out, "The key for access tokens can be read, by its owner alone.");
  } catch (const std::exception& failure) {
    bad(out, std::string(failure.what()) + ".");
  }
}

void examine_certificate(const Config& config, Findings& out) {
  if (config.tls_certificate.empty())
    return good(out, "There is no TLS certificate: put a proxy with one in front, or use it on " +
                         show_endpoint(config.listen_host, config.listen_port) + " only.");
  try {
    const runtime::TlsCertificate certificate(
        {.certificate = config.tls_certificate, .key = config.tls_key});
    const auto left = certificate.expires_at() - now_utc();
    const auto days = std::chrono::duration_cast<std::chrono::days>(left).count();
    if (left.count() <= 0) return bad(out, "The TLS certificate has expired.");
    if (days < 14)
      return warn(out, "The TLS certificate expires in " + std::to_string(days) + " days.");
    good(out, "The TLS certificate is good for " + std::to_string(days) + " days.");
  } catch (const std::exception& failure) {
    bad(out, std::string(failure.what()) + ".");
  }
}

void examine_system(Findings& out) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < kDescriptorsMin) {
    warn(out, "A process may open " + std::to_string(limit.rlim_max) +
                  " files, so it can have no more links than that (LimitNOFILE of its unit).");
  } else {
    good(out, "A process may open " + std::to_string(limit.rlim_max) + " files: a link each.");
  }
  if (now_utc() < kEarliestTime) {
    bad(out, "The clock says " + format_time(now_utc()) + ": it was never set.");
  } else {
    good(out, "The clock says " + format_time(now_utc()) + ".");
  }
}

const char* word_of(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::good:
      return "good    ";
    case Finding::Kind::warning:
      return "warning ";
    case Finding::Kind::bad:
      return "bad     ";
  }
  return "";
}

}  // namespace

std::vector<Finding> examine(const Loaded& loaded) {
  Findings out;
  examine_settings(loaded, out);
  if (loaded.config.is_on_sqlite()) {
    examine_disk(loaded.config, out);
    examine_database(loaded.config, out);
  } else {
    examine_mongo(loaded.config.store, out);
  }
  examine_bus(loaded.config, out);
  examine_secret(loaded.config, out);
  examine_certificate(loaded.config, out);
  examine_system(out);
  return out;
}

int doctor(const Loaded& loaded) {
  bool is_bad = false;
  for (const auto& finding : examine(loaded)) {
    is_bad = is_bad || finding.kind == Finding::Kind::bad;
    std::printf("%s %s\n", word_of(finding.kind), finding.sentence.c_str());
  }
  return is_bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

int backup(const Config& config, const std::string& target) {
  const auto contents = adapters::sqlite::back_up(config.data_dir, target);
  // Without it everybody would have to sign in again after a restore.
  const auto secret = fs::path(config.data_dir) / kSigningSecretName;
  if (fs::exists(secret)) fs::copy_file(secret, fs::path(target) / kSigningSecretName);
  std::printf("%s holds %llu users, %llu chats and %llu messages; serve it with --data-dir\n",
              target.c_str(), static_cast<unsigned long long>(contents.users),
              static_cast<unsigned long long>(contents.chats),
              static_cast<unsigned long long>(contents.messages));
  return EXIT_SUCCESS;
}

}  // namespace knotos::app
