/**
 * What only a process of a BkApp has: its operator rewrites its command, and all processes share one list of variables.
 * Source: TencentBlueKing/blueking-paas, operator/pkg/controllers/bkapp/processes/resources and pkg/kubeutil/misc.go.
 */

/** `$VAR` and `${VAR}` in its `command` and `args` are rewritten to `$(VAR)` before the kubelet sees them. */
export interface BkAppProcess {
  /** True where its name says which command of the image is run, whatever is written beside it. */
  readonly isNamed: boolean
  /** True where what would hold the list of variables is missing as well. */
  readonly lacksEnvParent: boolean
  /** True where the port variable, which it shares with others, cannot be what each of them needs. */
  readonly hasPortConflict: boolean
  /** A field that reads like a command and is none. */
  readonly misnamed: { readonly field: string; readonly text: string } | undefined
}
