// Makes JavaScript of the component: node transpile.js kubecred.wasm FOLDER
import { transpile } from '@bytecodealliance/jco-transpile';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const [component, folder] = process.argv.slice(2);
const { files } = await transpile(component, { name: 'kubecred', noTypescript: true });
for (const [name, bytes] of Object.entries(files)) {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}
