/** What it is, why it can't mean anything on SQLite, what to use instead: three sentences, at most 78 characters each. */
export type Explanation = readonly [what: string, why: string, instead: string];
