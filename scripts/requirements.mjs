// What a machine must have before anything is installed or built. Every refusal is one sentence that says what to do.
// Runs on the machine's own Node.js, before any package is there: no dependencies, no syntax newer than Node 18.
import { spawnSync } from 'node:child_process';

const architectures = ['x64', 'arm64'];
const oldestNode = 18;
const oldestCmake = [3, 18];

/** The machine cannot run or build flash-slim; the message says what is missing. */
export class UnmetRequirement extends Error {}

const output = (command, args, input) => {
  const { status, stdout, error } = spawnSync(command, args, { input, encoding: 'utf8' });
  return error || status !== 0 ? null : stdout;
};

function checkPlatform() {
  if (process.platform !== 'linux') {
    throw new UnmetRequirement(`flash-slim runs on Linux only, and this is ${process.platform}.`);
  }
  if (!architectures.includes(process.arch)) {
    throw new UnmetRequirement(`flash-slim runs on x86-64 and ARM64 CPUs, and this Node.js is for ${process.arch}.`);
  }
  if (Number.parseInt(process.versions.node, 10) < oldestNode) {
    throw new UnmetRequirement(`Node.js ${oldestNode} or newer is needed to set up, and this is ${process.version}.`);
  }
  if (!process.report.getReport().header.glibcVersionRuntime) {
    throw new UnmetRequirement('flash-slim needs a Linux with glibc: ONNX Runtime is not published for musl.');
  }
}

function checkCompiler() {
  const compiler = process.env.CXX || 'c++';
  if (output(compiler, ['--version']) === null) {
    throw new UnmetRequirement(`No C++ compiler (${compiler}) was found: install one (Debian: apt-get install g++).`);
  }
  if (output(compiler, ['-std=c++20', '-x', 'c++', '-fsyntax-only', '-'], '#include <bit>\n') === null) {
    throw new UnmetRequirement(
      `The C++ compiler ${compiler} does not compile C++20: GCC 10 and Clang 11 are new enough.`,
    );
  }
}

function checkCmake() {
  const needed = oldestCmake.join('.');
  const text = output('cmake', ['--version']);
  if (text === null) {
    throw new UnmetRequirement(`CMake ${needed} or newer is needed: install it (Debian: apt-get install cmake make).`);
  }
  const [major, minor] = (/(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
  if (major < oldestCmake[0] || (major === oldestCmake[0] && minor < oldestCmake[1])) {
    throw new UnmetRequirement(`CMake ${needed} or newer is needed, and this machine has ${major}.${minor}.`);
  }
  // Debian's cmake package only recommends make.
  if (!process.env.CMAKE_GENERATOR && output('make', ['--version']) === null) {
    throw new UnmetRequirement('CMake needs a build tool: install make (Debian: apt-get install make).');
  }
}

export function checkRequirements() {
  checkPlatform();
  checkCompiler();
  checkCmake();
}
