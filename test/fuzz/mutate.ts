import type { Random } from "./random.ts";

/** Files of a set by name. */
export type Files = ReadonlyMap<string, Buffer>;

type Mutation = (bytes: Buffer, random: Random, donor: Buffer) => Buffer;

/** Changes that know nothing of the format. `donor` is another file, perhaps of another set. */
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  flip: (bytes, random) => {
    const place = random.below(bytes.length);
    bytes.writeUInt8(bytes.readUInt8(place) ^ (1 << random.below(8)), place);
    return bytes;
  },
  overwrite: (bytes, random) => {
    const place = random.below(bytes.length);
    const end = Math.min(bytes.length, place + 1 + random.below(64));
    return bytes.fill(random.pick([0, 0xff, 0x7f, 0x80, random.below(256)]), place, end);
  },
  cut: (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  "cut the beginning": (bytes, random) => bytes.subarray(1 + random.below(bytes.length - 1)),
  insert: (bytes, random) => {
    const place = random.below(bytes.length + 1);
    return Buffer.concat([
      bytes.subarray(0, place),
      Buffer.alloc(1 + random.below(200), random.below(256)),
      bytes.subarray(place),
    ]);
  },
  remove: (bytes, random) => {
    const place = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1 + random.below(200))]);
  },
  move: (bytes, random) => {
    const length = 1 + random.below(2000);
    bytes.copyWithin(random.below(bytes.length), random.below(bytes.length), random.below(bytes.length) + length);
    return bytes;
  },
  graft: (bytes, random, donor) => {
    const from = random.below(donor.length);
    donor.copy(bytes, random.below(bytes.length), from, from + 1 + random.below(4000));
    return bytes;
  },
  splice: (bytes, random, donor) => {
    const place = random.below(Math.min(bytes.length, donor.length));
    return Buffer.concat([bytes.subarray(0, place), donor.subarray(place)]);
  },
  replace: (_, __, donor) => donor,
};

/** The files with one of them changed, and what was done; undefined when nothing is wrong with them. */
export function mutate(files: Files, others: readonly Buffer[], random: Random): { files: Files; what: string } | undefined {
  const name = random.pick([...files.keys()]);
  const bytes = files.get(name) ?? Buffer.alloc(0);
  const kind = random.pick(Object.keys(MUTATIONS));
  const donor = random.pick([...others, ...files.values()]);
  let changed = MUTATIONS[kind]?.(Buffer.from(bytes), random, donor) ?? bytes;
  if (random.below(4) === 0 && changed.length > 0) changed = MUTATIONS["flip"]?.(Buffer.from(changed), random, donor) ?? changed;
  // A file that is a whole set is as good as the one in whose place it is.
  if (changed.equals(bytes) || (files.size === 1 && others.some((other) => changed.equals(other)))) return undefined;
  return { files: new Map(files).set(name, changed), what: `${kind} in ${name}` };
}
