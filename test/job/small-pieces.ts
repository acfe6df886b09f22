/**
 * Imported before anything of `src/`: pieces of 64 KiB here and in the processes that this one starts, and a checkpoint of an export
 * after 256 KiB, so that little data makes a job of many steps.
 */
process.env["TSDP_PIECE_BYTES"] = String(64 << 10);
