// Which folder may import which: the layers of ARCHITECTURE.md, as `npm run lint:deps` checks them.

const PACKAGES = 'packages';

const MAY_IMPORT = {
  'core/lib': [],
  'core/public': ['core/lib'],
  'core/xen': ['core/public', 'core/lib'],
  'core/guest': ['core/public', 'core/lib'],
  'core/machine': ['core/xen', 'core/guest', 'core/public', 'core/lib'],
  'core/trace': ['core/machine', 'core/public', 'core/lib'],
  'core/scenario': ['core/machine', 'core/guest', 'core/public', 'core/lib'],
  'core/explore': ['core/machine', 'core/guest', 'core/xen', 'core/public', 'core/lib'],
  'core/index.ts': [
    'core/guest',
    'core/machine',
    'core/trace',
    'core/scenario',
    'core/explore',
    'core/public',
    'core/lib',
  ],
  'proto/gen': [PACKAGES],
  server: ['core/index.ts', 'proto/gen', PACKAGES],
  'clients/typescript': ['proto/gen', PACKAGES],
  'clients/evtchnctl': ['clients/typescript', 'core/index.ts', 'proto/gen', PACKAGES],
};

const inside = (path) => `^${path.replace('.', '\\.')}(/|$)`;

/** Forbids `from` every import but its own files, `allowed`, and packages where those are. */
const layer = ([from, allowed]) => ({
  name: `${from} imports ${allowed.length > 0 ? `only ${allowed.join(', ')}` : 'nothing'}`,
  severity: 'error',
  from: { path: inside(from) },
  to: {
    couldNotResolve: false,
    pathNot: [from, ...allowed].map(inside),
    // `npm` is what package.json lists for production, and `core` is Node's own modules.
    ...(allowed.includes(PACKAGES) && { dependencyTypesNot: ['npm', 'core'] }),
  },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.entries(MAY_IMPORT).map(layer),
    {
      name: 'every file of core belongs to a layer',
      severity: 'error',
      from: { path: '^core/', pathNot: Object.keys(MAY_IMPORT).map(inside) },
      to: {},
    },
    {
      name: 'nobody imports test or bench',
      severity: 'error',
      from: { path: '^([^/]+)/' },
      to: { path: '^(test|bench)/', pathNot: '^$1/' },
    },
    { name: 'it is not there', severity: 'error', from: {}, to: { couldNotResolve: true } },
    // Types may refer to each other, as a domain and its ports do; running code may not.
    {
      name: 'that closes a circle',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    // Before compilation, an import of types counts as well.
    tsPreCompilationDeps: true,
    doNotFollow: { path: '^node_modules/' },
    enhancedResolveOptions: { conditionNames: ['import', 'node'], exportsFields: ['exports'] },
  },
};
