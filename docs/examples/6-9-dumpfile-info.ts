// Example 6-9: Displaying dump file information, of the dump file of example 6-4.
// The database is $TSDP_DATABASE, else the current directory; the directory object DMPDIR holds the dump file.

import { connect, KU, PumpError, type DumpfileItem } from "tsdp";

const datapump = await connect();

let infoTab: readonly DumpfileItem[] = [];
let fileType: number;

// Get the information about the dump file into the infoTab.

try {
  const info = await datapump.getDumpfileInfo("example1.dmp", "DMPDIR");
  infoTab = info.infoTable;
  fileType = info.filetype;
  console.log("-----");
  console.log("Information for file: example1.dmp");

  // Determine what type of file is being looked at.

  switch (fileType) {
    case 1:
      console.log("example1.dmp is a Data Pump dump file");
      break;
    case 2:
      console.log("example1.dmp is an Original Export dump file");
      break;
    case 3:
      console.log("example1.dmp is an External Table dump file");
      break;
    default:
      console.log("example1.dmp is not a dump file");
      console.log("-----");
  }
} catch (error) {
  console.log("-----");
  console.log("Error retrieving information for file: example1.dmp");
  console.log(error instanceof PumpError ? error.message : String(error));
  console.log("-----");
  fileType = 0;
}

// If a valid file type was returned, then loop through the infoTab and display each item code and value returned.

if (fileType > 0) {
  console.log(`The information table has ${infoTab.length} entries`);
  console.log("-----");
  for (const { itemCode, value: text } of infoTab) {
    let value = text;
    switch (itemCode) {
      // The following item codes return boolean values in the form of a '1' or a '0'. Display them as 'Yes' or 'No'.

      case KU.DFHDR_MASTER_PRESENT:
      case KU.DFHDR_DIRPATH:
      case KU.DFHDR_METADATA_COMPRESSED:
      case KU.DFHDR_DATA_COMPRESSED:
      case KU.DFHDR_METADATA_ENCRYPTED:
      case KU.DFHDR_DATA_ENCRYPTED:
      case KU.DFHDR_COLUMNS_ENCRYPTED:
        value = value === "1" ? "Yes" : "No";
    }

    // Display each item code with an appropriate name followed by its value.

    switch (itemCode) {
      case KU.DFHDR_FILE_VERSION:
        console.log(`Dump File Version:         ${value}`);
        break;
      case KU.DFHDR_MASTER_PRESENT:
        console.log(`Master Table Present:      ${value}`);
        break;
      case KU.DFHDR_GUID:
        console.log(`Job Guid:                  ${value}`);
        break;
      case KU.DFHDR_FILE_NUMBER:
        console.log(`Dump File Number:          ${value}`);
        break;
      case KU.DFHDR_CHARSET_ID:
        console.log(`Character Set ID:          ${value}`);
        break;
      case KU.DFHDR_CREATION_DATE:
        console.log(`Creation Date:             ${value}`);
        break;
      case KU.DFHDR_FLAGS:
        console.log(`Internal Dump Flags:       ${value}`);
        break;
      case KU.DFHDR_JOB_NAME:
        console.log(`Job Name:                  ${value}`);
        break;
      case KU.DFHDR_PLATFORM:
        console.log(`Platform Name:             ${value}`);
        break;
      case KU.DFHDR_INSTANCE:
        console.log(`Instance Name:             ${value}`);
        break;
      case KU.DFHDR_LANGUAGE:
        console.log(`Language Name:             ${value}`);
        break;
      case KU.DFHDR_BLOCKSIZE:
        console.log(`Dump File Block Size:      ${value}`);
        break;
      case KU.DFHDR_DIRPATH:
        console.log(`Direct Path Mode:          ${value}`);
        break;
      case KU.DFHDR_METADATA_COMPRESSED:
        console.log(`Metadata Compressed:       ${value}`);
        break;
      case KU.DFHDR_DB_VERSION:
        console.log(`Database Version:          ${value}`);
        break;
      case KU.DFHDR_MASTER_PIECE_COUNT:
        console.log(`Master Table Piece Count:  ${value}`);
        break;
      case KU.DFHDR_MASTER_PIECE_NUMBER:
        console.log(`Master Table Piece Number: ${value}`);
        break;
      case KU.DFHDR_DATA_COMPRESSED:
        console.log(`Table Data Compressed:     ${value}`);
        break;
      case KU.DFHDR_METADATA_ENCRYPTED:
        console.log(`Metadata Encrypted:        ${value}`);
        break;
      case KU.DFHDR_DATA_ENCRYPTED:
        console.log(`Table Data Encrypted:      ${value}`);
        break;
      case KU.DFHDR_COLUMNS_ENCRYPTED:
        console.log(`TDE Columns Encrypted:     ${value}`);
        break;

      case KU.DFHDR_ENCRYPTION_MODE:
        console.log(`Encryption Mode:           ${encryptionMode(Number(value))}`);
        break;
      case KU.DFHDR_COMPRESSION_ALG:
        console.log(`Compression Algorithm:     ${compressionAlgorithm(Number(value))}`);
        break;
      default: // Ignore other, unrecognized dump file attributes.
    }
  }
}

// For the item code DFHDR_ENCRYPTION_MODE a numeric value is returned. Give an appropriate name for it.

function encryptionMode(value: number): string {
  switch (value) {
    case KU.DFHDR_ENCMODE_NONE:
      return "None";
    case KU.DFHDR_ENCMODE_PASSWORD:
      return "Password";
    case KU.DFHDR_ENCMODE_DUAL:
      return "Dual";
    case KU.DFHDR_ENCMODE_TRANS:
      return "Transparent";
    default:
      return "Unknown";
  }
}

// For the item code DFHDR_COMPRESSION_ALG a numeric value is returned. Give an appropriate name for it.

function compressionAlgorithm(value: number): string {
  switch (value) {
    case KU.DFHDR_CMPALG_NONE:
      return "None";
    case KU.DFHDR_CMPALG_BASIC:
      return "Basic";
    case KU.DFHDR_CMPALG_LOW:
      return "Low";
    case KU.DFHDR_CMPALG_MEDIUM:
      return "Medium";
    case KU.DFHDR_CMPALG_HIGH:
      return "High";
    default:
      return "Unknown";
  }
}
