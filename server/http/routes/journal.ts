import type { HttpContext, HttpServer } from '../context.ts';
import { findMachine } from '../lookup.ts';
import { FAILURES, MachineParams, NoQuery, text } from '../schemas/common.ts';

const EXAMPLE = '{"format":"evtchnd-journal/1"}\n{"op":"send","caller":1,"port":3}\n';

const GET_JOURNAL = {
  tags: ['machines'],
  operationId: 'getJournal',
  summary: 'Downloads the ops so far; replaying them gives the machine again',
  description:
    'Also of a retired machine. Its `journal_complete` says whether the first ops are still there.',
  params: MachineParams,
  querystring: NoQuery,
  response: { 200: text('JSON lines, evtchnd-journal/1.', EXAMPLE), ...FAILURES },
};

export function addJournalRoutes(app: HttpServer, context: HttpContext): void {
  app.get('/v1/machines/:machine/journal', { schema: GET_JOURNAL }, ({ params }, reply) => {
    const { name, machine } = findMachine(context, params.machine);
    context.largeAnswers.admit(reply);
    const file = `${name.replaceAll(/[^\w.-]/g, '_')}.journal.jsonl`;
    return reply
      .type('text/plain')
      .header('content-disposition', `attachment; filename="${file}"`)
      .send(machine.journalText());
  });
}
