// Every failure that leaves the native side: a stable code, and a sentence that says what happened and what to do.
// The binding turns it into a JavaScript Error with the same code and message.
#pragma once
#include <stdexcept>
#include <string>
#include <utility>

namespace flash_slim {

class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

}  // namespace flash_slim
