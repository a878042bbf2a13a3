import type { Config } from '../config/config.ts';
import { quietAwsSdk } from '../config/environment.ts';
import { prepareDataFolder } from '../records/data-folder/data-folder.ts';
import { openFileStore } from '../store/file-store.ts';
import type { ObjectStore } from '../store/store.ts';

/** The bucket that was named, or files below the data folder. */
export async function storeOf(config: Config): Promise<ObjectStore> {
  const { s3Bucket: bucket, s3Prefix: prefix, s3Region: region, s3Endpoint: endpoint } = config;
  if (bucket === null) {
    await prepareDataFolder(config.data);
    return await openFileStore(config.data);
  }
  quietAwsSdk();
  // The SDK takes a moment to load, and most installations need none of it.
  const { openS3Store } = await import('../store/s3-store.ts');
  const forcePathStyle = config.s3ForcePathStyle ?? endpoint !== null;
  return await openS3Store({ bucket, prefix, region, endpoint, forcePathStyle });
}
