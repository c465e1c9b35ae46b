import { exportPlainOnnx } from '@flash-slim/model/export';
import { formatBytes } from '@flash-slim/plan';
import { command } from '../command.ts';
import { usageError } from '../errors.ts';
import { resolveModel } from '../store/resolve-model.ts';

interface ExportOptions {
  model?: string;
  out?: string;
}

export const exportOnnx = command<ExportOptions>({
  define: (command) => {
    command
      .option('--model <model>', 'a name from the store, a path or a URL of a GGUF file')
      .option('--out <directory>', 'where model.onnx and model.onnx.data are written');
  },
  examples: [
    ['flash-slim export-onnx --model smollm2 --out ./plain', 'stock operators and F32 weights, for any ONNX runtime'],
  ],
  aliases: { '--tflite-model': '--model' },
  run: async (context, options) => {
    if (options.model === undefined || options.out === undefined)
      throw usageError('export-onnx takes --model and --out');
    const model = await resolveModel(options.model, context);
    let progress: ReturnType<typeof context.progress> | null = null;
    try {
      const written = await exportPlainOnnx(model.path, options.out, {
        signal: context.signal,
        onProgress: (done: number, total: number) => {
          progress ??= context.progress('writing F32 weights', total, 'bytes');
          progress.update(done);
        },
      });
      context.result(written, `${written.model}\n${written.data} (${formatBytes(written.data_bytes)})`);
    } finally {
      (progress as { stop(): void } | null)?.stop();
    }
  },
});
