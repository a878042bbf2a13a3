import { z } from 'zod';
import { maskedConditions } from '../../conditions/registry.ts';
import { called, named } from './foreign-names.ts';
import { limits } from './limits.ts';
import { noted } from './request-fields.ts';
import { id } from './scalars.ts';

const jobId = id.describe('Id of an earlier job that has succeeded: gen_...');
const index = z.int().min(0).max(limits.fileIndex);

/** What other programs call the fields of a picture. */
export const foreignPictureNames = new Map<string, string>([
  ...named(['base64', 'b64', 'b64_json', 'image', 'bytes'], called('data')),
  ...named(['image_url', 'uri', 'href', 'src'], called('url')),
  ...named(['id', 'upload', 'file_id', 'image_id'], called('upload_id')),
  ...named(['file', 'filename', 'name'], called('part')),
]);

/** The ways in which a picture may be given. */
export const pictures = [
  z.strictObject({ upload_id: id.describe('Id of an upload: upl_...') }).meta({ id: 'UploadedImage' }),
  z.strictObject({ data: z.string().describe('The file as base64, or a data: URL') }).meta({ id: 'InlineImage' }),
  z.strictObject({ part: id.describe('Name of a file part of this multipart request') }).meta({ id: 'AttachedImage' }),
  z
    .strictObject({
      url: z.string().max(2048).describe('Public http or https address, fetched when the request is sent'),
    })
    .meta({ id: 'RemoteImage' }),
  z.strictObject({ generation: jobId, map: index.describe('Which of its maps') }).meta({ id: 'EarlierMap' }),
  z.strictObject({ generation: jobId, output: index.describe('Which of its outputs') }).meta({ id: 'EarlierOutput' }),
] as const;

/** Where a picture comes from. `part` names a file of the same multipart request. */
export const pictureReference = noted(
  z
    .union(pictures)
    .describe('A picture: exactly one of upload_id, data, part and url, or a map or an output of an earlier job')
    .meta({ id: 'Image' }),
  { foreign: foreignPictureNames },
);

/** A picture and which part of it is to be drawn anew. */
export const maskedPicture = z
  .strictObject({
    picture: pictureReference,
    mask: pictureReference.describe('A picture of the same size, white where that one is to be drawn anew'),
  })
  .describe(
    `Of ${maskedConditions.join(', ')}: a picture with a mask beside it; what is transparent in the picture is to be drawn anew too`,
  )
  .meta({ id: 'MaskedImage' });

/** The picture of an extraction. */
export const extractionImage = noted(
  z
    .union([...pictures, maskedPicture])
    .describe('A picture')
    .meta({ id: 'ExtractionImage' }),
  { foreign: foreignPictureNames },
);

export type PictureReference = z.output<typeof pictureReference>;
export type MaskedPicture = z.output<typeof maskedPicture>;
