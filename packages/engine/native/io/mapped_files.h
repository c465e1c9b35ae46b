// Page cache of the files that this process has mapped: Node.js's own binary, ONNX Runtime, the addon. Reading them in at
// start charges all of it to the memory cgroup (a fault reads a whole readahead window, megabytes), while a third is used.
#pragma once

namespace flash_slim {

// Drops the pages that no process has mapped, and has later faults read a page each instead of a window. What stays
// charged is then what VmRSS counts. Files that cannot be opened are left as they are: this is advice.
void DropUnmappedFilePages();

}  // namespace flash_slim
