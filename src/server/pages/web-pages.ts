import type { WebFile } from './web-files.ts';

/** What all pages have around what is their own. */
const frameName = 'frame.html';
/** Only for pages that wait for their script: `aria-busy` says so. */
const withoutScripts = /\n *<noscript\n[\s\S]*?<\/noscript\n *>/;

/**
 * Puts a page together: the frame around its file, which holds what goes into its head (a title first) and its `main`.
 *
 * @param root what its links begin with: `./` or `../` by the depth of its address, or a whole path
 * @param place the name of the page in the frame's links, where it is one of them
 */
export function pageOf(
  files: ReadonlyMap<string, WebFile>,
  name: string,
  root: string,
  place?: string,
): Pick<WebFile, 'contentType' | 'policy'> & { readonly text: string } {
  const { bytes, contentType, policy } = files.get(name)!;
  const own = bytes.toString('utf8');
  const start = own.indexOf('<main');
  const [head, main] = [own.slice(0, start).trim(), own.slice(start).trim()];
  const frame = files.get(frameName)!.bytes.toString('utf8');
  const link = `<a href="{root}${place}">`;
  const text = (main.includes('aria-busy') ? frame : frame.replace(withoutScripts, ''))
    .replace(link, link.replace('>', ' aria-current="page">'))
    .replace('{head}', () => head)
    .replace('{main}', () => main)
    .replaceAll('{root}', root);
  return { contentType, policy, text };
}
