import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { errorCodes } from '../../src/errors.ts';
import { limits } from '../../src/generation/request/limits.ts';
import { schedulerIds, schedulers } from '../../src/schedulers/registry.ts';
import { scheduleIds, schedules } from '../../src/schedulers/schedules/registry.ts';
import { fieldNames } from '../../src/generation/parse.ts';
import { promptLimits } from '../../src/prompt/limits.ts';
import { longestNesting } from '../../src/json/json-reader.ts';
import { defaultServerLimits } from '../../src/server/parts/limits.ts';

const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');

/** Rows of the table under a heading, as cells. */
function table(heading: string): readonly (readonly string[])[] {
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('docs/api.md', () => {
  test('lists every error code with its status, and no other', () => {
    const documented = table('Errors').map(([code, status]) => [code?.replaceAll('`', ''), Number(status)]);
    expect(documented).toEqual(Object.entries(errorCodes).map(([code, { status }]) => [code, status]));
  });

  test('states the limits that hold', () => {
    const stated = new Map(table('Limits').map(([what = '', limit = '']) => [what, limit.match(/\d+/g)?.map(Number)]));
    const range = ({ min, max }: { readonly min: number; readonly max: number }): readonly number[] => [min, max];
    const { picture } = defaultServerLimits;
    const load = readConfig({}, {});
    expect(Object.fromEntries(stated)).toEqual({
      'width, height': [...range(limits.width), limits.width.step],
      'width x height': [limits.pixels],
      steps: range(limits.steps),
      guidance_scale: range(limits.guidanceScale),
      count: range(limits.count),
      best_of: range(limits.bestOf),
      'count x best_of': [limits.candidates],
      clip_skip: range(limits.clipSkip),
      'prompt, negative_prompt, prompt_2, negative_prompt_2': [limits.promptLength],
      'a prompt with syntax': [
        promptLimits.parts,
        promptLimits.schedules,
        promptLimits.nesting,
        promptLimits.choices,
        promptLimits.texts,
        promptLimits.characters,
        promptLimits.pieces,
        promptLimits.weight,
        promptLimits.chunks,
        promptLimits.allChunks,
      ],
      controls: [limits.controls],
      'scale of a control': range(limits.controlScale),
      resolution: [...range(limits.resolution), limits.extractionPixels],
      'scale of an upscale': range(limits.upscaleFactor),
      'width, height of an upscale': [...range(limits.upscaledSide), limits.upscaledPixels],
      'one pose or layout': [limits.structureBytes],
      'data of a job': [limits.dataBytes],
      metadata: [limits.metadataBytes],
      'body of a request': [defaultServerLimits.bodyBytes, defaultServerLimits.bodyBytes / 2 ** 20],
      'one picture': [picture.maxBytes, picture.maxBytes / 2 ** 20, picture.maxPixels],
      'one text part of a form': [defaultServerLimits.fieldBytes, 1],
      'parts of a form': [defaultServerLimits.formFields, defaultServerLimits.formFiles],
      'JSON, arrays and objects inside each other': [longestNesting],
      'path and query': [defaultServerLimits.urlLength],
      'request line and headers': [defaultServerLimits.headerBytes, defaultServerLimits.headerBytes / 2 ** 10],
      'time for the headers of a request': [defaultServerLimits.headersMs / 1000],
      'time for a whole request': [defaultServerLimits.requestMs / 1000],
      'silence on a connection': [defaultServerLimits.silenceMs / 1000],
      'time for which a connection without a request is kept': [defaultServerLimits.keepAliveMs / 1000],
      'bodies of all requests at the same time': [load.bodyMemory, load.bodyMemory / 2 ** 20],
      'jobs that wait': [load.maxQueued],
      'jobs of a tenant that wait': [load.maxQueuedPerTenant],
      'items of a batch': [defaultServerLimits.batchItems],
      'cost of a batch': [defaultServerLimits.batchCost],
      'name of a batch': [limits.batchName],
      'Prefer: wait': [defaultServerLimits.waitSeconds],
      'pace of a body': [defaultServerLimits.bodyRate, defaultServerLimits.bodyPatienceMs / 1000],
      'waits by Prefer: wait or `sha256` at the same time': [
        defaultServerLimits.waitsPerTenant,
        defaultServerLimits.waits,
      ],
      'pictures fetched at the same time': [
        defaultServerLimits.fetchesPerTenant,
        defaultServerLimits.fetches,
        defaultServerLimits.fetchPatienceMs / 1000,
      ],
      'files and archives sent at the same time': [
        defaultServerLimits.downloadsPerTenant,
        defaultServerLimits.downloads,
      ],
      'one training set': [defaultServerLimits.setBytes, defaultServerLimits.setBytes / 2 ** 30],
      'training sets of a tenant': [
        defaultServerLimits.setQuotaBytes,
        defaultServerLimits.setQuotaBytes / 2 ** 30,
        defaultServerLimits.unfinishedSets,
      ],
      'models that a tenant trained and that it alone sees': [
        defaultServerLimits.modelQuotaBytes,
        defaultServerLimits.modelQuotaBytes / 2 ** 30,
      ],
      'requests that send training sets at the same time': [
        defaultServerLimits.setWritersPerTenant,
        defaultServerLimits.setWriters,
      ],
      'event streams at the same time': [defaultServerLimits.streamsPerTenant, defaultServerLimits.streams],
      'page of a list': [defaultServerLimits.pageSize],
    });
  });

  test('has a row for every scheduler, with what others call it', () => {
    const rows = schedulerIds.map((id) => {
      const { title, eta, evaluationsPerStep, publicNames } = schedulers[id];
      const { a1111, comfyui, diffusers } = publicNames;
      return [
        `\`${id}\``,
        title,
        String(evaluationsPerStep),
        eta === null ? '-' : String(eta),
        a1111 ?? '-',
        comfyui ?? '-',
        diffusers ?? '-',
      ];
    });
    expect(table('Schedulers')).toEqual(rows);
  });

  test('has a row for every schedule, with what others call it', () => {
    const rows = scheduleIds.map((id) => {
      const { title, publicNames } = schedules[id];
      return [`\`${id}\``, title, expect.anything(), publicNames.a1111 ?? '-', publicNames.comfyui ?? '-'];
    });
    expect(table('Schedules')).toEqual(rows);
  });

  test.each([
    ['a request', '\n| field | type | default |\n| --- | --- | --- |\n| `model`', fieldNames.generation.known],
    ['a control', '\nA control:\n', fieldNames.control.known],
  ])('has a row for every field of %s and no other', (_, start, fields) => {
    const rows = text
      .split(start)[1]!
      .split('\n\n')
      .find((block) => block.includes('| `'))!;
    const described = `${start}${rows}`
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .flatMap((line) => [...line.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name));
    expect(new Set(described)).toEqual(new Set(fields));
  });

  test('names every field of a request', () => {
    const names = [...Object.values(fieldNames).flatMap(({ known }) => known), ...schedulerIds];
    expect(names.filter((name) => !new RegExp(`[\`"{(, ]${name}[\`":,} ]`).test(text))).toEqual([]);
  });
});
