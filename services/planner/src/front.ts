// PlannerService.
import { fullTarget, listPlanIds, ManifestError, type ModelManifest, readPlanVersion } from '@flash-slim/messages';
import { explainPlan, type Strategy } from '@flash-slim/plan';
import type { Plan, PlannerServiceImplementation, PreviewPlanRequest } from '@flash-slim/proto';
import { invalidArgument, notFound, RpcError, Status } from '@flash-slim/rpc';
import { type ObjectStore, readBlob } from '@flash-slim/store';
import type { Fleet } from './fleet.ts';
import { isOutdated } from './fleet.ts';
import type { Measured } from './measured.ts';
import { type PlanMaker, summaryOf, type Wish } from './plan-maker.ts';
import { baselineOf } from './wishes.ts';

export interface FrontOptions {
  store: ObjectStore;
  fleet: Fleet;
  maker: PlanMaker;
  measured: Measured;
}

const maxPlanBytes = 128 << 20;
/** A message has 4 MB at most; the plan is a blob for those that are larger. */
const maxAnswerBytes = 3 << 20;
const planIdPattern = /^plan-[0-9a-f]{24}$/;

export function createFront({ store, fleet, maker, measured }: FrontOptions): PlannerServiceImplementation {
  const find = async (id: string, version?: number): Promise<Plan> => {
    if (!planIdPattern.test(id))
      throw invalidArgument(
        'plan_id',
        `${JSON.stringify(id.slice(0, 80))} is no plan id; "flash-slim plans" lists them`,
      );
    const found = await readPlanVersion(store, id, version);
    if (found !== null) return found.plan;
    const what = version === undefined ? `plan ${id}` : `version ${version} of ${id}`;
    throw notFound('PLAN_NOT_FOUND', `there is no ${what}; "flash-slim plans" lists them`);
  };

  return {
    getPlan: async ({ planId, version, includePlan }) => {
      const plan = await find(planId, version === 0 ? undefined : version);
      if (!includePlan) return { plan };
      const json = await readBlob(store, plan.blob?.digest ?? '', maxPlanBytes);
      if (json.length > maxAnswerBytes)
        throw new RpcError(
          Status.RESOURCE_EXHAUSTED,
          'PLAN_TOO_LARGE',
          `the plan has ${json.length} bytes: read ${plan.blob?.digest} from the object store`,
        );
      return { plan, planJson: json };
    },

    listPlans: async ({ pageSize, pageToken, model }) => {
      const size = pageSize === 0 ? 50 : Math.min(pageSize, 100);
      if (pageToken !== '' && !planIdPattern.test(pageToken))
        throw invalidArgument('page_token', 'must be one that ListPlans gave');
      const ids = (await listPlanIds(store)).filter((id) => id > pageToken);
      const plans: Plan[] = [];
      let next = '';
      for (const [i, id] of ids.entries()) {
        const plan = (await readPlanVersion(store, id).catch(passOver))?.plan;
        if (plan && (model === '' || plan.modelName === model || plan.modelDigest === model)) plans.push(plan);
        if (plans.length < size) continue;
        next = i + 1 < ids.length ? id : '';
        break;
      }
      return { plans, nextPageToken: next };
    },

    previewPlan: async (request) => {
      const wish = await wishOf(request, fleet);
      const strategies: Strategy[] = ['simple', 'rechunk', 'resident', 'auto'];
      const strategy = (request.strategy || 'auto') as Strategy;
      if (!strategies.includes(strategy)) throw invalidArgument('strategy', `must be one of ${strategies.join(', ')}`);
      const plan = await maker.compute(wish, strategy);
      return { summary: summaryOf(plan), explanation: explainPlan(plan) };
    },

    listNodes: async () => ({ nodes: await fleet.nodes() }),

    replan: async ({ planId }) => {
      const before = await find(planId);
      const wish = (await fleet.wishes()).get(planId);
      if (wish === undefined)
        throw new RpcError(
          Status.FAILED_PRECONDITION,
          'PLAN_UNWANTED',
          `plan ${planId} is of a model, device class or budget that is not there any more`,
        );
      const correction = measured.correctionOf(before);
      const outdated = (plan: Plan) =>
        isOutdated(plan, wish) || (correction !== null && plan.version === before.version);
      const { plan, isNew } = await maker.ensure(wish, 'asked for', outdated, correction ?? undefined);
      return { plan, changed: isNew };
    },
  };
}

export function findModel(models: ModelManifest[], model: string): ModelManifest {
  if (model === '') throw invalidArgument('model', 'is missing');
  const found = models.filter(({ name, model_digest }) => name === model || model_digest === model);
  // The one profiled last has the name.
  const newest = found.sort((a, b) => (a.created < b.created ? 1 : -1))[0];
  if (newest !== undefined) return newest;
  const names = models.map(({ name }) => name).join(', ') || 'none';
  throw notFound('UNKNOWN_MODEL', `there is no model ${JSON.stringify(model.slice(0, 100))}; there are: ${names}`);
}

async function wishOf(
  { model, target, deviceClass, deviceProfileJson }: PreviewPlanRequest,
  fleet: Fleet,
): Promise<Wish> {
  if (target === undefined || target.memoryBudgetBytes < 1)
    throw invalidArgument('target.memory_budget_bytes', 'must be given');
  if (!['', 'f16', 'f32'].includes(target.kvType)) throw invalidArgument('target.kv_type', 'must be f16 or f32');
  const nodes = await fleet.nodes();
  const wish = { model: findModel(await fleet.models(), model), target: fullTarget(target) };
  if (deviceProfileJson !== '') {
    let profile: unknown;
    try {
      profile = JSON.parse(deviceProfileJson);
    } catch {
      throw invalidArgument('device_profile_json', 'is not JSON');
    }
    const given = {
      format: 'flash-slim device class',
      version: 1,
      name: 'given',
      profile,
      threads: 4,
    } as Wish['deviceClass'];
    return { ...wish, deviceClass: given, ...baselineOf([]) };
  }
  const classes = await fleet.classes(nodes);
  const found = classes.find(({ name }) => deviceClass === '' || name === deviceClass);
  if (found === undefined) {
    const names = classes.map(({ name }) => name).join(', ') || 'none: no node has announced itself yet';
    throw notFound('DEVICE_CLASS_NOT_FOUND', `there is no device class ${deviceClass}; there are: ${names}`);
  }
  return { ...wish, deviceClass: found, ...baselineOf(nodes.filter((node) => node.deviceClass?.name === found.name)) };
}

/** One damaged manifest does not hide the others. */
function passOver(error: unknown): null {
  if (error instanceof ManifestError) return null;
  throw error;
}
