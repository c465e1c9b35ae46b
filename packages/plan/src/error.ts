export type PlanErrorCode =
  /** A plan that does not follow the schema, or contradicts itself or the CMT; `path` names the field. */
  | 'PLAN_INVALID'
  /** A plan made for another model, weight cache or cut of it. */
  | 'PLAN_STALE'
  /** A plan or device profile that cannot be opened, is too large, or is no JSON. */
  | 'PLAN_UNREADABLE'
  /** The request itself cannot be planned for; `path` names the field of PlanRequest. */
  | 'PLAN_REQUEST_INVALID'
  /** The budget cannot hold even what no plan can do without; see BudgetBelowFloorError. */
  | 'BUDGET_BELOW_FLOOR'
  | 'DEVICE_PROFILE_INVALID';

/** `path` is a JSON pointer ("/groups/3/size"), "" where no single field is to blame. */
export class PlanError extends Error {
  override readonly name: string = 'PlanError';
  readonly code: PlanErrorCode;
  readonly path: string;

  constructor(code: PlanErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(path === '' ? message : `${path}: ${message}`, options);
    this.code = code;
    this.path = path;
  }
}

/** What the floor is made of, bytes. */
export interface FloorParts {
  baseline: number;
  tokenizer: number;
  kv: number;
  activations: number;
  adapters: number;
  /** The fewest and smallest slots, or the whole model where that is less. */
  weights: number;
  reserve: number;
}

export class BudgetBelowFloorError extends PlanError {
  override readonly name = 'BudgetBelowFloorError';
  /** The least budget that can be planned for. */
  readonly floorBytes: number;
  readonly parts: FloorParts;

  constructor(message: string, floorBytes: number, parts: FloorParts) {
    super('BUDGET_BELOW_FLOOR', '/memoryBudgetBytes', message);
    this.floorBytes = floorBytes;
    this.parts = parts;
  }
}
