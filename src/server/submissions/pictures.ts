import { ArmatureError } from '../../errors.ts';
import { withMask } from '../../generation/given-picture.ts';
import type { ControlImage, StructureImage } from '../../generation/request/control-image.ts';
import type { MaskedPicture } from '../../generation/request/pictures.ts';
import { decodeBase64 } from '../http/base64.ts';
import { jsonBytes, newInput } from './inputs.ts';
import { pictureOfJob } from './job-pictures.ts';
import type { CheckedPicture, PictureSource } from './picture-source.ts';

/** Finds the picture that a reference at path `field` means and makes sure that it can be decoded. Stores nothing. */
export async function checkPicture(
  reference: ControlImage,
  field: string,
  source: PictureSource,
): Promise<CheckedPicture> {
  if ('upload_id' in reference) return await uploadedPicture(reference.upload_id, field, source);
  if ('generation' in reference) return await pictureOfJob(reference, field, source);
  if ('structure' in reference) return await structureAsData(reference.structure, source);
  if ('picture' in reference) return await maskedPicture(reference, field, source);
  const bytes = await bytesOf(reference, field, source);
  const { limits, tenant, decoder, holder } = source;
  const { mediaType, width, height } = await decoder.verify(bytes, { limits, tenant: holder, field });
  const object = await newInput(tenant, bytes, mediaType);
  return { stored: object.stored, width, height, structure: null, map: null, objects: [object] };
}

async function structureAsData(
  { kind, data }: StructureImage['structure'],
  { tenant }: PictureSource,
): Promise<CheckedPicture> {
  const object = await newInput(tenant, jsonBytes(data), 'application/json');
  return { stored: object.stored, width: 0, height: 0, structure: kind, map: null, objects: [object] };
}

async function maskedPicture(
  { picture, mask }: MaskedPicture,
  field: string,
  source: PictureSource,
): Promise<CheckedPicture> {
  const [given, beside] = await Promise.all([
    checkPicture(picture, `${field}.picture`, source),
    checkPicture(mask, `${field}.mask`, source),
  ]);
  return { ...withMask(given, beside, `${field}.mask`), objects: [...given.objects, ...beside.objects] };
}

async function bytesOf(
  reference: { readonly part: string } | { readonly url: string } | { readonly data: string },
  field: string,
  source: PictureSource,
): Promise<Uint8Array> {
  if ('part' in reference) return filePart(reference.part, field, source);
  if ('url' in reference) return await fetchedPicture(reference.url, field, source);
  return await decodeBase64(reference.data, field);
}

/** Refuses files that nothing refers to: a picture that is sent is meant to be used. */
export function refuseUnusedFiles(files: ReadonlyMap<string, Uint8Array>, references: readonly ControlImage[]): void {
  refuseUnusedParts(files, new Set(references.flatMap(partsOf)));
}

/** The same where the names of those that are used are known. */
export function refuseUnusedParts(files: ReadonlyMap<string, Uint8Array>, used: ReadonlySet<string>): void {
  const unused = [...files.keys()].find((name) => !used.has(name));
  if (unused === undefined) return;
  const detail = `The file part ${unused} is not used: refer to it as {"part": ${JSON.stringify(unused)}}, or leave it out.`;
  throw new ArmatureError('invalid_request', detail, { field: unused });
}

/** Whether a picture, or a part of it, has to be fetched from elsewhere. */
export function isFetched(reference: ControlImage): boolean {
  return 'url' in reference || ('picture' in reference && [reference.picture, reference.mask].some(isFetched));
}

/** Names of the file parts that a reference means. */
export function partsOf(reference: ControlImage): readonly string[] {
  if ('part' in reference) return [reference.part];
  return 'picture' in reference ? [reference.picture, reference.mask].flatMap(partsOf) : [];
}

async function uploadedPicture(id: string, field: string, { records, tenant }: PictureSource): Promise<CheckedPicture> {
  const upload = await records.findUpload(tenant, id);
  if (upload !== null) {
    const { picture, width, height } = upload;
    return { stored: picture, width, height, structure: null, map: null, objects: [] };
  }
  const detail = `There is no upload ${JSON.stringify(id.slice(0, 100))}: POST /v1/uploads gives the id of a picture.`;
  throw new ArmatureError('invalid_request', detail, { field: `${field}.upload_id` });
}

function filePart(name: string, field: string, { files }: PictureSource): Uint8Array {
  const bytes = files.get(name);
  if (bytes !== undefined) return bytes;
  const detail = `There is no file part ${JSON.stringify(name.slice(0, 100))} in this request.`;
  throw new ArmatureError('invalid_request', detail, { field: `${field}.part`, choices: [...files.keys()] });
}

async function fetchedPicture(
  url: string,
  field: string,
  { fetcher, limits, memory }: PictureSource,
): Promise<Uint8Array> {
  const options = { maxBytes: limits.maxBytes, headers: { accept: 'image/*' }, field: `${field}.url` };
  const { status, headers, body, close } = await fetcher.openStream(url, options);
  if (status !== 200) {
    close();
    const detail = `Expected the picture from ${new URL(url).host} but it answers with the status ${status}.`;
    throw new ArmatureError('fetch_failed', detail, { field: `${field}.url` });
  }
  // In one piece from the start, where its length is known: no second copy is made of it.
  let bytes = Buffer.allocUnsafeSlow(Number(headers['content-length'] ?? 0));
  let filled = 0;
  // Leaving the loop by an error closes the connection.
  for await (const chunk of body) {
    memory.add(chunk.length);
    if (filled + chunk.length > bytes.length) bytes = Buffer.concat([bytes], 2 * (filled + chunk.length));
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  return bytes.subarray(0, filled);
}
