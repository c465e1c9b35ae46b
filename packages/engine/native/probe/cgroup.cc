#include "probe/cgroup.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <vector>

namespace flash_slim {
namespace {

// v1 says "no limit" with the largest multiple of a page below 2^63; nobody has memory near that.
constexpr uint64_t kUnlimitedBytes = 1ull << 60;

std::optional<std::string> ReadLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

std::optional<uint64_t> ReadBytes(const std::string& path) {
  const auto line = ReadLine(path);
  if (!line || line->empty() || (*line)[0] < '0' || (*line)[0] > '9') return std::nullopt;  // "max"
  const uint64_t value = std::strtoull(line->c_str(), nullptr, 10);
  if (value >= kUnlimitedBytes) return std::nullopt;
  return value;
}

template <class T>
void Lower(std::optional<T>* least, std::optional<T> value) {
  if (value && (!*least || *value < **least)) *least = value;
}

bool HasWord(const std::string& list, const std::string& word) {
  std::stringstream words(list);
  for (std::string each; std::getline(words, each, ',');)
    if (each == word) return true;
  return false;
}

// mountinfo writes space, tab, newline and backslash in paths as \ooo.
std::string Unescape(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    const bool escape = text[i] == '\\' && i + 3 < text.size();
    out += escape ? char(std::strtol(text.substr(i + 1, 3).c_str(), nullptr, 8)) : text[i];
    if (escape) i += 3;
  }
  return out;
}

// One mounted hierarchy: `root` is the group that appears at `point` (a container sees its own group there).
struct Hierarchy {
  std::string root, point;
};

// `controller` is "" for version 2, else a version 1 controller.
std::optional<Hierarchy> FindHierarchy(const std::string& system_root, const std::string& controller) {
  std::ifstream file(system_root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string skip, root, point, type, source, super_options;
    fields >> skip >> skip >> skip >> root >> point;
    while (fields >> skip && skip != "-") {
    }
    fields >> type >> source >> super_options;
    if (controller.empty() ? type == "cgroup2" : type == "cgroup" && HasWord(super_options, controller))
      return Hierarchy{Unescape(root), Unescape(point)};
  }
  return std::nullopt;
}

// The process's own group in that hierarchy, from lines "hierarchy:controllers:path".
std::optional<std::string> FindOwnGroup(const std::string& system_root, const std::string& controller) {
  std::ifstream file(system_root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : HasWord(controllers, controller)) return line.substr(second + 1);
  }
  return std::nullopt;
}

// Calls `visit` with the process's group's directory and each one above it, up to the mount point.
void WalkUp(const std::string& system_root, const std::string& controller,
            const std::function<void(const std::string&)>& visit) {
  const auto hierarchy = FindHierarchy(system_root, controller);
  const auto group = FindOwnGroup(system_root, controller);
  if (!hierarchy || !group) return;
  std::string below = *group;
  if (hierarchy->root != "/") {
    // A path outside of what is mounted (no cgroup namespace): the mount point is all there is to see.
    const size_t length = hierarchy->root.size();
    const bool inside =
        below.compare(0, length, hierarchy->root) == 0 && (below.size() == length || below[length] == '/');
    below = inside ? below.substr(length) : "";
  }
  for (;;) {
    while (!below.empty() && below.back() == '/') below.pop_back();
    visit(system_root + hierarchy->point + below);
    if (below.empty()) return;
    below.erase(below.rfind('/') == std::string::npos ? 0 : below.rfind('/'));
  }
}

std::optional<double> Ratio(double quota, double period) {
  if (quota <= 0 || period <= 0) return std::nullopt;  // v1: -1 is no quota
  return quota / period;
}

}  // namespace

std::vector<std::string> MemoryLimitFiles(const std::string& root) {
  std::vector<std::string> files;
  const auto add = [&](const std::string& file) {
    if (ReadLine(file)) files.push_back(file);
  };
  WalkUp(root, "memory", [&](const std::string& directory) { add(directory + "/memory.limit_in_bytes"); });
  WalkUp(root, "", [&](const std::string& directory) {
    add(directory + "/memory.max");
    add(directory + "/memory.high");
  });
  return files;
}

CgroupLimits ReadCgroupLimits(const std::string& root) {
  CgroupLimits limits;
  for (const std::string& file : MemoryLimitFiles(root)) Lower(&limits.memory_bytes, ReadBytes(file));
  WalkUp(root, "cpu", [&](const std::string& directory) {
    const auto quota = ReadLine(directory + "/cpu.cfs_quota_us"), period = ReadLine(directory + "/cpu.cfs_period_us");
    if (quota && period) Lower(&limits.cpus, Ratio(std::atof(quota->c_str()), std::atof(period->c_str())));
  });
  WalkUp(root, "", [&](const std::string& directory) {
    std::istringstream both(ReadLine(directory + "/cpu.max").value_or(""));
    double quota = 0, period = 0;
    if (both >> quota >> period) Lower(&limits.cpus, Ratio(quota, period));
  });
  return limits;
}

}  // namespace flash_slim
