// Page cache of the files that this process has mapped: Node.js's own binary, ONNX Runtime, the addon. Reading them in at
// start charges all of it to the memory cgroup (a fault reads a whole readahead window, megabytes), while a third is used, most of that to start and never again.
// And page cache of files that are read or written once, front to back.
#pragma once
#include <sys/types.h>

namespace flash_slim {

// Drops the pages that no process has mapped, and has later faults read a page each instead of a window. With `mapped`, takes
// this process's own constants out of it first: what is needed on comes back by itself. Files that cannot be opened stay
// cached: this is advice.
void DropBinaryPages(bool mapped);

// Sends what was written to that range to the device and drops it from the page cache, where it would count towards the
// memory cgroup of whoever wrote or read it. Advice too: nothing fails.
void DropFilePages(int fd, off_t offset, off_t bytes);

}  // namespace flash_slim
