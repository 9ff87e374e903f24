import { coreFigures } from './core.ts';
import { print } from './measure.ts';
import { memoryFigures } from './memory.ts';

print('Memory', memoryFigures());
print('Hypercalls in process', coreFigures());
