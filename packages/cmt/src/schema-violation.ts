// What a precompiled validator found, as a JSON pointer to the offending field and a sentence.

export interface SchemaViolation {
  path: string;
  message: string;
}

interface ValidatorError {
  instancePath: string;
  keyword: string;
  params: Record<string, unknown>;
  message?: string;
}

/** The face of a function that ajv generated. */
export interface Validator {
  (data: unknown): boolean;
  errors?: ValidatorError[] | null;
}

/** The first violation, or null when `data` follows the schema. */
export function findViolation(validate: Validator, data: unknown): SchemaViolation | null {
  if (validate(data)) return null;
  const error = validate.errors?.[0];
  if (error === undefined) return { path: '', message: 'does not follow the schema' };
  const { instancePath: path, params } = error;
  switch (error.keyword) {
    case 'additionalProperties':
      return {
        path: `${path}/${escapePointer(String(params.additionalProperty))}`,
        message: 'is not a known field',
      };
    case 'required':
      return { path: `${path}/${escapePointer(String(params.missingProperty))}`, message: 'is missing' };
    case 'const':
      return { path, message: `must be ${JSON.stringify(params.allowedValue)}, is ${show(data, path)}` };
    case 'enum':
      return { path, message: `must be one of ${JSON.stringify(params.allowedValues)}, is ${show(data, path)}` };
    default:
      return { path, message: `${error.message ?? 'is wrong'}, is ${show(data, path)}` };
  }
}

// RFC 6901
function escapePointer(name: string): string {
  return name.slice(0, 80).replaceAll('~', '~0').replaceAll('/', '~1');
}

function show(data: unknown, pointer: string): string {
  let value = data;
  for (const part of pointer.split('/').slice(1)) {
    value = (value as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
