/** `--format json`: one CheckResult. */
import type { CheckedWorkload } from './check.ts'
import type { Reporter } from './report.ts'

export function jsonReporter(write: (text: string) => void): Reporter {
  // Kept as text, which takes a tenth of the memory of the objects.
  const workloads: string[] = []
  return {
    workload(file, _lines, workload) {
      workloads.push(JSON.stringify(workloadResult(file, workload)))
    },
    unreadable() {},
    end({ written: _, ...summary }) {
      write(`{"apiVersion":"paddock.dev/v1alpha1","kind":"CheckResult","summary":${JSON.stringify(summary)},"workloads":[`)
      for (const [index, text] of workloads.entries()) write(`${index === 0 ? '' : ','}${text}`)
      write(']}\n')
    },
  }
}

function workloadResult(file: string, { document, line, workload, decision, findings, patch }: CheckedWorkload): object {
  return {
    file,
    document,
    line,
    apiVersion: workload.apiVersion,
    kind: workload.kind.kind,
    namespace: workload.namespace,
    name: workload.name,
    decision,
    findings: findings.map(({ finding, line: at, column, fixed }) => ({
      rule: finding.rule,
      action: finding.action,
      severity: finding.severity,
      container: finding.container,
      field: finding.field,
      line: at,
      column,
      message: finding.message,
      remedy: finding.remedy,
      fixed,
    })),
    patch: patch(),
  }
}
