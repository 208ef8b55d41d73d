import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fault } from '../fault.ts';

const IMAGE_BYTES = 256 * 1024 * 1024;

/** The image of the running world and where it is mounted: one fault plays at a time. */
let image = '';
let mountedAt = '';

function mount(): void {
  execFileSync('mount', ['-o', 'loop', image, mountedAt]);
}

/** Lays a file system of its own, in a file, where Redis keeps its data. */
function prepareImage(folder: string): () => void {
  const imageFolder = mkdtempSync(join(tmpdir(), 'tollkeeper-power-cut-'));
  image = join(imageFolder, 'disk.img');
  mountedAt = folder;
  writeFileSync(image, '');
  truncateSync(image, IMAGE_BYTES);
  execFileSync('mkfs.ext4', ['-q', '-F', image]);
  mount();
  return () => {
    execFileSync('umount', [folder]);
    rmSync(imageFolder, { recursive: true, force: true });
  };
}

/** Why this machine lets nobody mount a file system; undefined when it does. */
export function mountingImpossible(): string | undefined {
  if (process.platform !== 'linux') return 'it takes a loop device of Linux';
  if (process.getuid?.() !== 0) return 'only root may mount a file system';
  const probe = mkdtempSync(join(tmpdir(), 'tollkeeper-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe]);
    return undefined;
  } catch {
    return 'mounting is forbidden';
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

/**
 * What is on the disk at an instant is all there is: the image below the running file system is copied while Redis stands between two
 * answers, so that nothing but what it had synced can be in the copy, and Redis starts on the copy.
 */
export const powerCut: Fault = {
  name: 'power-cut',
  title: 'power cut (file system of Redis copied from under it)',
  rounds: 5,
  impossibleHere: mountingImpossible,
  world: () => ({ prepareRedisFolder: prepareImage }),
  run: async (world, round) => {
    await round.untilUnderWay();
    const copy = `${image}.copy`;
    world.redis.pause();
    try {
      cpSync(image, copy);
    } finally {
      await world.redis.kill();
    }
    execFileSync('umount', [mountedAt]);
    rmSync(image);
    execFileSync('mv', [copy, image]);
    mount();
    await world.redis.start();
    round.healed();
  },
};
