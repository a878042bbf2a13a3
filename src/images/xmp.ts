/** Namespaces of the properties that are written, by their usual prefixes. */
const namespaces = {
  xmp: 'http://ns.adobe.com/xap/1.0/',
  Iptc4xmpExt: 'http://iptc.org/std/Iptc4xmpExt/2008-02-29/',
} as const;

/** Simple properties of a picture, by qualified name such as `xmp:CreatorTool`. */
export type XmpProperties = Readonly<Record<`${keyof typeof namespaces}:${string}`, string>>;

/**
 * An XMP packet with these properties (ISO 16684-1), read-only. Characters that XML 1.0 cannot hold are left out.
 */
export function xmpPacket(properties: XmpProperties): string {
  const declared = Object.entries(namespaces).map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`);
  const elements = Object.entries(properties).map(([name, value]) => `   <${name}>${escape(value)}</${name}>\n`);
  return (
    '<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>\n' +
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n' +
    ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n' +
    `  <rdf:Description rdf:about=""${declared.join('')}>\n` +
    `${elements.join('')}  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="r"?>`
  );
}

/** As the content of an XML element. A carriage return would be read back as a line feed. */
function escape(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#xD;');
}
