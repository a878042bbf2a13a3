import type { PicturePreview, PreviewPort } from '../drawing/preview-port.ts';
import { previewJpeg } from '../images/preview.ts';
import { mostPreviewBytes, type PreviewChannel } from '../records/previews/previews.ts';

/** Shows the pictures of one job to those who watch it, one at a time; of a picture that comes faster the newest. They are worth no failure. */
export class JobPreviews implements PreviewPort {
  readonly #channel: PreviewChannel;
  readonly #job: string;
  /** By output and candidate. */
  readonly #waiting = new Map<string, PicturePreview>();
  #showing = false;

  constructor(channel: PreviewChannel, job: { readonly id: string }) {
    this.#channel = channel;
    this.#job = job.id;
  }

  watch(listener: (watched: boolean) => void): () => void {
    return this.#channel.whileWatched(this.#job, listener);
  }

  show(preview: PicturePreview): void {
    this.#waiting.set(`${preview.output}/${preview.candidate}`, preview);
    if (!this.#showing) void this.#showAll();
  }

  async #showAll(): Promise<void> {
    this.#showing = true;
    for (const [place, preview] of this.#waiting) {
      this.#waiting.delete(place);
      await this.#send(preview).catch(() => {});
    }
    this.#showing = false;
  }

  async #send({ image, ...preview }: PicturePreview): Promise<void> {
    const { width, height, bytes } = await previewJpeg(image, mostPreviewBytes);
    const jpeg = Buffer.from(bytes).toString('base64');
    await this.#channel.show({ ...preview, job: this.#job, width, height, jpeg });
  }
}
