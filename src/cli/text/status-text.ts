import { KU } from "../../api/constants.ts";
import type { JobDesc, JobStatus, ParamValue, WorkerStatus } from "../../api/status-types.ts";

const PARAMETER_WIDTH = 22;
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The STATUS of a job in Data Pump's layout, to the column: the long form with a description, the short one without. */
export function statusLines(description: JobDesc | null, status: JobStatus): readonly string[] {
  return [
    "",
    `Job: ${status.jobName}`,
    ...(description === null ? [`  Operation: ${status.operation}`, `  Mode: ${status.jobMode}`] : descriptionLines(description)),
    `  State: ${status.state}`,
    `  Bytes Processed: ${grouped(status.bytesProcessed)}`,
    ...(status.percentDone === 0 ? [] : [`  Percent Done: ${status.percentDone}`]),
    `  Current Parallelism: ${status.degree}`,
    `  Job Error Count: ${status.errorCount}`,
    `  Job heartbeat: ${status.heartbeat}`,
    ...status.files.flatMap(({ fileName, fileType, fileSize, fileBytesWritten }) => [
      `  Dump File: ${fileName}`,
      ...(fileSize === 0 ? [] : [`    size: ${grouped(fileSize)}`]),
      ...(status.operation === "EXPORT" && fileType !== KU.DUMPFILE_TYPE_TEMPLATE
        ? [`    bytes written: ${grouped(fileBytesWritten)}`]
        : []),
    ]),
    ...status.workerStatusList.flatMap(workerLines),
  ];
}

function descriptionLines(job: JobDesc): readonly string[] {
  return [
    `  Owner: ${job.owner}`,
    `  Operation: ${job.operation}`,
    `  Creator Privs: ${job.creatorPrivs}`,
    `  GUID: ${job.guid}`,
    ...(job.startTime === null ? [] : [`  Start Time: ${longTime(job.startTime)}`]),
    `  Mode: ${job.jobMode}`,
    `  Instance: ${job.instance}`,
    `  Max Parallelism: ${job.maxDegree}`,
    `  Timezone: ${job.timezone}`,
    ...(job.expTimezone === null || job.expTimezone === job.timezone ? [] : [`  Export timezone: ${job.expTimezone}`]),
    `  Endianness: ${job.endianness}`,
    ...parameterLines(job),
  ];
}

/** One block for each operation that has parameters: an import shows those of its export first. */
function parameterLines({ params }: JobDesc): readonly string[] {
  return [...new Set(params.map(({ paramOp }) => paramOp))].flatMap((operation) => [
    `  ${operation} Job Parameters:`,
    "  Parameter Name      Parameter Value:",
    ...params.filter(({ paramOp }) => paramOp === operation).map(parameterLine),
  ]);
}

function parameterLine({ paramName, paramValueN, paramValueT }: ParamValue): string {
  return `     ${paramName.padEnd(PARAMETER_WIDTH)}${String(paramValueT ?? paramValueN ?? "")}`;
}

/** Fields without a value are left out. */
function workerLines(worker: WorkerStatus): readonly string[] {
  const fields: readonly (readonly [name: string, value: string | number | null])[] = [
    ["Instance ID", worker.instanceId],
    ["Instance name", worker.instanceName],
    ["Host name", worker.hostName],
    ["Access method", worker.accessMethod],
    ["Object start time", worker.objStartTime && longTime(worker.objStartTime)],
    ["Object status at", worker.objStatus && longTime(worker.objStatus)],
    ["Process Name", worker.processName],
    ["State", worker.state],
    ["Object Schema", worker.schema],
    ["Object Name", worker.name],
    ["Object Type", worker.objectType],
    ["Completed Objects", grouped(worker.completedObjects)],
    ["Total Objects", worker.totalObjects === 0 ? null : grouped(worker.totalObjects)],
    ["Completed Rows", grouped(worker.completedRows)],
    ["Completed Bytes", grouped(worker.completedBytes)],
    ["Percent Done", worker.percentDone],
    ["Worker Parallelism", worker.degree],
  ];
  return [
    "",
    `Worker ${worker.workerNumber} Status:`,
    ...fields.flatMap(([name, value]) => (value === null ? [] : [`  ${name}: ${value}`])),
  ];
}

function grouped(value: number): string {
  return value.toLocaleString("en-US");
}

/** `Friday, 02 May, 2025 14:34:13` */
function longTime(time: Date): string {
  const pad = (value: number) => String(value).padStart(2, "0");
  const clock = `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`;
  return `${DAYS[time.getDay()] ?? ""}, ${pad(time.getDate())} ${MONTHS[time.getMonth()] ?? ""}, ${time.getFullYear()} ${clock}`;
}
