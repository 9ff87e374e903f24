import { Type } from 'typebox';
import type { HttpContext, HttpServer } from '../context.ts';
import { PAGE_LIMIT_DEFAULT } from '../limits.ts';
import { findMachine } from '../lookup.ts';
import { firstPage, nextAfterJson } from '../paging.ts';
import {
  CLOSED,
  FAILURES,
  LIMIT,
  MACHINE_NAME,
  MachineParams,
  NoQuery,
} from '../schemas/common.ts';
import { Machine, machineJson } from '../schemas/machine.ts';

const tags = ['machines'];

const MachineList = Type.Object(
  {
    machines: Type.Array(Machine.ref),
    next_after: Type.Optional(Type.String({ description: 'There is more: ask with after= this.' })),
  },
  { description: 'Machines by name.', examples: [{ machines: [Machine.example] }] },
);

const MachineListQuery = Type.Object({ limit: LIMIT, after: Type.Optional(MACHINE_NAME) }, CLOSED);

const LIST_MACHINES = {
  tags,
  operationId: 'listMachines',
  summary: 'Lists the machines',
  querystring: MachineListQuery,
  response: { 200: MachineList, ...FAILURES },
};

const GET_MACHINE = {
  tags,
  operationId: 'getMachine',
  summary: 'Shows one machine',
  params: MachineParams,
  querystring: NoQuery,
  response: { 200: Machine.ref, ...FAILURES },
};

export function addMachineRoutes(app: HttpServer, context: HttpContext): void {
  app.get(
    '/v1/machines',
    { schema: LIST_MACHINES },
    ({ query: { limit = PAGE_LIMIT_DEFAULT, after = '' } }) => {
      const machines = context.machines
        .list()
        .filter(({ name }) => name > after)
        .sort((one, other) => (one.name < other.name ? -1 : 1));
      const page = firstPage(machines, limit, ({ name }) => name);
      return { machines: page.items.map(machineJson), ...nextAfterJson(page.nextAfter) };
    },
  );

  app.get('/v1/machines/:machine', { schema: GET_MACHINE }, ({ params }) =>
    machineJson(findMachine(context, params.machine)),
  );
}
