/** As the reason of a signal: a training is to end now with the best that it has, as if its last step were done. */
export class TrainingStop extends Error {
  override readonly name = 'TrainingStop';

  constructor() {
    super('The training was told to stop with the best that it has');
  }
}
