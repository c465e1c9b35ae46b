export { type CallContext, Status } from 'nice-grpc-common';
export { CallError, type ClientSecurity, connectRpc, type RpcConnection } from './client.ts';
export { isLoopback, ListenError, RpcServer, type RpcServerOptions, type ServerSecurity } from './server.ts';
export { failureOf, invalidArgument, notFound, RpcError, type RpcFailure } from './status.ts';
