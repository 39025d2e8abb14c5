/** `--format json`: one CheckResult. */
import { workloadName, type ReportedFile, type ReportedWorkload, type Reporter, type Unreadable } from './report.ts'

export function jsonReporter(write: (text: string) => void): Reporter {
  // Kept as text, which takes a tenth of the memory of the objects.
  const workloads: string[] = []
  const unreadable: string[] = []
  const list = (texts: readonly string[]): void => {
    for (const [index, text] of texts.entries()) write(`${index === 0 ? '' : ','}${text}`)
  }
  return {
    workload(file, workload) {
      workloads.push(JSON.stringify(workloadResult(file, workload)))
    },
    unreadable(file, problem) {
      unreadable.push(JSON.stringify(unreadableResult(file, problem)))
    },
    end({ files, workloads: count, invocations, denied, warned, fixed, fixable, audited, unreadable: unread, unseen, passedOver }) {
      const summary = { files, workloads: count, invocations, denied, warned, fixed, fixable, audited, unreadable: unread, unseen,
        passedOver }
      write(`{"apiVersion":"paddock.dev/v1alpha1","kind":"CheckResult","summary":${JSON.stringify(summary)},"workloads":[`)
      list(workloads)
      write('],"unreadable":[')
      list(unreadable)
      write(']}\n')
    },
  }
}

function workloadResult(file: ReportedFile | undefined, { document, line, workload, decision, findings, patch }: ReportedWorkload): object {
  return {
    file: file?.name,
    document,
    line,
    apiVersion: workload.apiVersion,
    kind: workload.kind.kind,
    namespace: workload.namespace,
    name: workload.name,
    decision,
    findings: findings.map(({ finding, span, fixable, fixed }) => ({
      rule: finding.rule,
      action: finding.action,
      severity: finding.severity,
      policy: finding.policy,
      exception: finding.exception,
      container: finding.container,
      field: finding.field,
      line: span?.line,
      column: span?.column,
      message: finding.message,
      remedy: finding.remedy,
      fixable,
      fixed,
    })),
    patch: patch(),
  }
}

function unreadableResult(file: ReportedFile | undefined, { message, span, workload }: Unreadable): object {
  return { file: file?.name, line: span?.line, column: span?.column, workload: workload && workloadName(workload), message }
}
