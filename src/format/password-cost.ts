/** What scrypt has to do for each guess at the password of a set that is written: 128 MiB, some 0.3 s. `cost` is log2 of N. */
export const PASSWORD_COST = { cost: 17, blockSize: 8, parallelization: 1 } as const;
