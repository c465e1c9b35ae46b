#!/bin/sh
# prune.sh BUILT OUT: from a built tree to what the images hold:
#   OUT/root    Node.js, the shared libraries that it, the addon and ONNX Runtime want, certificates, a user
#   OUT/app     the project and the packages it runs on, without ONNX Runtime
#   OUT/engine  ONNX Runtime, laid over it
set -eu
built=$1
out=$2
cd "$built"
npm prune --omit=dev --ignore-scripts

# The project: what npm calls the packages' files, built.
mkdir -p "$out/app" "$out/engine" "$out/empty"
cp -R package.json node_modules "$out/app/"
for part in proto cli services/* packages/* packages/engine/native; do
  mkdir -p "$out/app/$part"
  for piece in package.json dist bin descriptors.binpb schema; do
    if [ -e "$part/$piece" ]; then cp -R "$part/$piece" "$out/app/$part/"; fi
  done
done
mkdir -p "$out/app/packages/engine/native/build"
cp packages/engine/native/build/flash_slim.node "$out/app/packages/engine/native/build/"
strip "$out/app/packages/engine/native/build/flash_slim.node"

# ONNX Runtime: this architecture's library alone.
case $(uname -m) in
  x86_64) architecture=x64 ;;
  aarch64) architecture=arm64 ;;
  *) echo "no ONNX Runtime for $(uname -m)" >&2; exit 1 ;;
esac
library=node_modules/onnxruntime-node/bin/napi-v6/linux/$architecture/libonnxruntime.so.1
mkdir -p "$out/engine/$(dirname "$library")"
cp "$library" "$out/engine/$library"
cp node_modules/onnxruntime-node/package.json "$out/engine/node_modules/onnxruntime-node/"
rm -rf "$out/app/node_modules/onnxruntime-node" "$out/app/node_modules/onnxruntime-common"

# What nobody reads at run time.
find "$out/app" \( -name '*.ts' -o -name '*.map' -o -name '*.md' -o -name '*.test.js' -o -name '*.tsbuildinfo' \) -type f -delete
find "$out/app" -type d \( -name test -o -name tests -o -name docs \) -path '*/node_modules/*' -prune -exec rm -rf {} +
rm -rf "$out/app/node_modules/.bin" "$out/app/node_modules/@types" "$out/app/node_modules/.package-lock.json"

root=$out/root
mkdir -p "$root/usr/bin" "$root/etc/ssl/certs"
cp "$(command -v node)" "$root/usr/bin/node"
strip "$root/usr/bin/node"
for file in "$root/usr/bin/node" "$out/app/packages/engine/native/build/flash_slim.node" "$out/engine/$library"; do
  # "libc.so.6 => /lib/.../libc.so.6 (0x...)", and the loader without an arrow
  ldd "$file" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }'
done | sort -u | while read -r needed; do
  mkdir -p "$root$(dirname "$needed")"
  cp -L "$needed" "$root$needed"
done
# Names are resolved by libraries that glibc loads by name.
for needed in /lib/*-linux-gnu/libnss_dns.so.2 /lib/*-linux-gnu/libnss_files.so.2 /lib/*-linux-gnu/libresolv.so.2; do
  [ -e "$needed" ] && cp -L "$needed" "$root$needed"
done
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo 'flash-slim:x:65532:65532::/var/lib/flash-slim:/sbin/nologin' > "$root/etc/passwd"
echo 'flash-slim:x:65532:' > "$root/etc/group"
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
du -sh "$out"/*
