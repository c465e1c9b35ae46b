// A request that cannot be decoded is the caller's mistake; gRPC for JavaScript would call it INTERNAL. So decoding never
// fails here: what is no message becomes an Undecodable, which the server refuses before the service sees it.

export class Undecodable {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

interface Message {
  decode(input: Uint8Array): unknown;
}

export interface ServiceDefinition {
  name: string;
  fullName: string;
  methods: Record<string, { requestType: Message }>;
}

export function toleratingBadRequests<Service extends ServiceDefinition>(service: Service): Service {
  const methods = Object.entries(service.methods).map(([name, method]) => {
    const { requestType } = method;
    const decode = (input: Uint8Array) => {
      try {
        return requestType.decode(input);
      } catch (error) {
        return new Undecodable((error as Error).message);
      }
    };
    return [name, { ...method, requestType: { ...requestType, decode } }];
  });
  return { ...service, methods: Object.fromEntries(methods) };
}
