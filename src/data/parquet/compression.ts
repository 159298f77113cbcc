// Pages of a Parquet file, unpacked.
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { CompressionCodec } from "hyparquet";
import { decompressLz4, decompressLz4Raw, decompressSnappy, decompressZstd } from "hyparquet-compressors";

const decompressors: Partial<Record<CompressionCodec, (packed: Uint8Array, size: number) => Uint8Array>> = {
  UNCOMPRESSED: (packed) => packed,
  SNAPPY: decompressSnappy,
  GZIP: (packed, size) => gunzipSync(packed, { maxOutputLength: Math.max(1, size) }),
  BROTLI: (packed, size) => brotliDecompressSync(packed, { maxOutputLength: Math.max(1, size) }),
  ZSTD: (packed) => decompressZstd(packed),
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
};

/** Whether pages that were packed in this way can be unpacked. */
export function isKnownCodec(codec: CompressionCodec): boolean {
  return codec in decompressors;
}

/** @throws Error when the bytes are not what was packed */
export function decompress(packed: Uint8Array, size: number, codec: CompressionCodec): Uint8Array {
  const bytes = size === 0 ? new Uint8Array() : decompressors[codec]!(packed, size);
  if (bytes.length !== size) throw new Error(`a page has ${bytes.length} bytes where it says ${size}`);
  return bytes;
}
