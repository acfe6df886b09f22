import type { EncodedPiece } from "../../src/dump/piece.ts";
import { badImage, badMaster, damage, damaged, flip, noKey, notAuthentic } from "./failures.ts";
import { COLUMNS_ONLY, SPLIT_ROWS } from "./good-second-images.ts";
import type { VectorRequest } from "./requests.ts";
import { lie, type Layout } from "./reseal.ts";
import { rewritten, type Image } from "./source.ts";

/** Two pieces of two rows. */
const base = {
  ...SPLIT_ROWS,
  sql: `${SPLIT_ROWS.sql} INSERT INTO t (rowid, a, b, c) VALUES (10, 'four', 'IV', 4);`,
} satisfies Partial<VectorRequest>;
const WITHOUT_ROWID = {
  ...COLUMNS_ONLY,
  sql: "CREATE TABLE t (a PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO t VALUES (1, 'x'), (2, 'y');",
  secret: new Map([["t", ["b"]]]),
} satisfies Partial<VectorRequest>;
const DISAGREE = badMaster("disagree on object 1");
const OTHER_TABLE = badImage("other tables than it should");
const FRAME = 112;

type Rules = NonNullable<VectorRequest["rules"]>;

function isSecond({ type, image }: Image): boolean {
  return type === 1 && image === 1;
}

/** Some of the second images changed by the writer, who has the key: every sum and tag is right. */
function seconds(change: (image: Image) => Image | EncodedPiece, piece?: number): Rules {
  return {
    images: (images) =>
      images.map((image) => (isSecond(image) && (piece === undefined || image.piece === piece) ? change(image) : image)),
  };
}

const secondImage = (sql: string) => seconds((image) => ({ ...image, raw: rewritten(image.raw, sql) }), 1);
const without = (isLeftOut: (image: Image) => boolean): Rules => ({ images: (images) => images.filter((i) => !isLeftOut(i)) });

/** Images of rows that take the bytes of others. */
function exchanged(other: (image: Image) => Pick<Image, "piece" | "image">): Rules {
  return {
    images: (images) =>
      images.map((image) => {
        const wanted = other(image);
        const found = images.find(({ type, piece, image: number }) => {
          return type === 1 && piece === wanted.piece && number === wanted.image;
        });
        return image.type === 1 ? { ...image, raw: found?.raw ?? image.raw } : image;
      }),
  };
}

function secretColumns(json: string): Pick<VectorRequest, "masterSql"> {
  return { masterSql: `UPDATE object SET shape = json_set(shape, '$.secretColumns', json('${json}'))` };
}

const SHAPES: readonly (readonly [name: string, comment: string, json: string, reason: string])[] = [
  ["unknown", "names a column that is not there", '["x"]', "that the table has not"],
  ["case", "names a column in another case", '["B"]', "that the table has not"],
  ["key", "names a column beside one that is not there", '["b", "rowid"]', "that the table has not"],
  ["empty", "names no column", "[]", "that the table has not"],
  ["twice", "names a column twice", '["b", "b"]', "that the table has not"],
  ["text", "is no list", '"b"', "where a list should be"],
  ["number", "holds a number", "[2]", "where a text should be"],
];

export const BAD_SECOND_IMAGES: readonly VectorRequest[] = [
  ...SHAPES.map(([name, comment, json, reason]): VectorRequest => ({
    ...base,
    name: `second-shape-${name}`,
    comment: `secretColumns ${comment}`,
    ...secretColumns(json),
    failure: badMaster(reason),
  })),
  {
    ...base,
    name: "second-shape-other",
    comment: "secretColumns names another column than the images keep apart",
    ...secretColumns('["c"]'),
    failure: OTHER_TABLE,
  },
  {
    ...base,
    name: "second-shape-none",
    comment: "second images are there, and secretColumns is not",
    masterSql: "UPDATE object SET shape = json_remove(shape, '$.secretColumns')",
    failure: DISAGREE,
  },
  {
    ...base,
    name: "second-left-out",
    comment: "one of two second images is left out: its columns would be NULL",
    rules: without((image) => isSecond(image) && image.piece === 2),
    failure: DISAGREE,
  },
  {
    ...base,
    name: "second-unasked",
    comment: "the first images have all columns, and there are second images",
    secret: undefined,
    rules: {
      images: (images) => images.flatMap((image) => (image.type === 1 ? [image, { ...image, image: 1 }] : [image])),
    },
    failure: DISAGREE,
  },
  {
    ...base,
    name: "second-left-out-all",
    comment: "all second images are left out",
    rules: without(isSecond),
    failure: DISAGREE,
  },
  {
    ...base,
    name: "second-alone",
    comment: "a piece has its second image only",
    rules: without((image) => image.type === 1 && image.image === 0 && image.piece === 2),
    failure: damaged("a piece before it is missing"),
  },
  {
    ...base,
    name: "second-third",
    comment: "an image 2",
    rules: seconds((image) => ({ ...image, image: 2 }), 1),
    failure: damaged("a piece before it is missing"),
  },
  {
    ...base,
    name: "second-other-count",
    comment: "the index states fewer rows of the second image than of the first",
    rules: seconds((image) => ({ ...image, rows: 1 }), 1),
    failure: damaged("a piece before it is missing"),
  },
  {
    ...base,
    name: "second-swapped",
    comment: "the second images of two pieces exchanged by the writer: their k tell",
    rules: exchanged(({ piece, image }) => ({ piece: image === 1 ? 3 - piece : piece, image })),
    failure: badImage("0 rows instead of 2"),
  },
  {
    ...base,
    name: "second-first",
    comment: "first and second image of each piece exchanged",
    rules: exchanged(({ piece, image }) => ({ piece, image: 1 - image })),
    failure: OTHER_TABLE,
  },
  {
    ...base,
    name: "second-other-k",
    comment: "a row of the second image has another k",
    rules: secondImage("UPDATE tsdp_piece SET k = 4 WHERE k = 3"),
    failure: badImage("1 rows instead of 2"),
  },
  {
    ...base,
    name: "second-k-text",
    comment: "a k of the second image is a text",
    rules: secondImage("UPDATE tsdp_piece SET k = '3' WHERE k = 3"),
    failure: badImage("1 rows instead of 2"),
  },
  {
    ...base,
    name: "second-order",
    comment: "the rows of the second image are in another order",
    rules: secondImage("UPDATE tsdp_piece SET k = 8 - k"),
    failure: badImage("0 rows instead of 2"),
  },
  {
    ...base,
    name: "second-fewer-rows",
    comment: "the second image has fewer rows than the first, and than stated",
    rules: secondImage("DELETE FROM tsdp_piece WHERE k = 5"),
    failure: badImage("1 rows instead of 2"),
  },
  {
    ...base,
    name: "second-more-rows",
    comment: "the second image has a row more",
    rules: secondImage("INSERT INTO tsdp_piece VALUES (7, 'more')"),
    failure: badImage("3 rows instead of 2"),
  },
  {
    ...WITHOUT_ROWID,
    name: "second-fewer-rows-without-rowid",
    comment: "layout none: the second image has fewer rows than stated",
    rules: secondImage("DELETE FROM tsdp_piece WHERE rowid = 2"),
    failure: badImage("1 rows instead of 2"),
  },
  {
    ...WITHOUT_ROWID,
    name: "second-more-rows-without-rowid",
    comment: "layout none: the second image has a row more",
    rules: secondImage("INSERT INTO tsdp_piece VALUES ('z')"),
    failure: badImage("3 rows instead of 2"),
  },
  {
    ...base,
    name: "second-no-k",
    comment: "the second image has no k",
    rules: secondImage("ALTER TABLE tsdp_piece DROP COLUMN k"),
    failure: OTHER_TABLE,
  },
  {
    ...base,
    name: "second-trigger",
    comment: "a trigger in the second image",
    rules: secondImage("CREATE TRIGGER x AFTER INSERT ON tsdp_piece BEGIN DELETE FROM tsdp_piece; END"),
    failure: OTHER_TABLE,
  },
  {
    ...base,
    name: "second-encoding",
    comment: "the second image is in another text encoding",
    rules: seconds((image) => ({ ...image, raw: rewritten(image.raw, "", "UTF-16le") }), 1),
    failure: badImage("it does not fit its schema"),
  },
  {
    ...base,
    name: "second-password-missing",
    comment: "no password is given, though all other columns are in clear",
    keys: { password: null, wallet: null },
    failure: noKey("ORA-39174"),
  },
  {
    ...base,
    name: "second-forged",
    comment: "a byte of an encrypted second image and its CRC, the index as it was",
    damage: damage((bytes, layout) => {
      const segment = segmentOf(layout, { piece: 1, image: 1 });
      relabelled(bytes, (copy) => flip(copy, segment.offset + FRAME + 600), segment);
      return bytes;
    }),
    failure: notAuthentic("it was changed, or is not of this place in this set", "rows"),
  },
  {
    ...base,
    name: "second-forged-first",
    comment: "a byte of a plain first image and its CRC: the digest in the authenticated index tells it",
    damage: damage((bytes, layout) => {
      const segment = segmentOf(layout, { piece: 1, image: 0 });
      relabelled(bytes, (copy) => flip(copy, segment.offset + FRAME + 600), segment);
      return bytes;
    }),
    failure: notAuthentic("the digest of its frames is wrong", "rows"),
  },
  {
    ...base,
    name: "second-moved",
    comment: "the second image of piece 2 in place of that of piece 1, its frame relabelled by someone without the key",
    damage: damage((bytes, layout) => {
      const [to, from] = [segmentOf(layout, { piece: 1, image: 1 }), segmentOf(layout, { piece: 2, image: 1 })];
      if (to.length !== from.length) throw new RangeError("not alike");
      relabelled(
        bytes,
        (copy) => {
          bytes.copy(copy, to.offset, from.offset, from.offset + from.length);
          copy.writeUInt32BE(1, to.offset + 16);
        },
        to,
      );
      return bytes;
    }),
    failure: notAuthentic("it was changed, or is not of this place in this set", "rows"),
  },
];

type Segment = Layout["segments"][number];

function segmentOf({ segments }: Layout, { piece, image }: Pick<Image, "piece" | "image">): Segment {
  const segment = segments.find((one) => one.type === 1 && one.piece === piece && one.image === image);
  if (segment === undefined) throw new RangeError(`no image ${image} of piece ${piece}`);
  return segment;
}

/** Changes one segment and puts right its CRCs; index and trailer stay. */
function relabelled(bytes: Buffer, change: (copy: Buffer) => unknown, { offset, length }: Segment): void {
  const told = lie([{ name: "", bytes }], 0, change)[0]?.bytes;
  told?.copy(bytes, offset, offset, offset + length);
}
