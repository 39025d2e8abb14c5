/**
 * The fields of app_desc.yaml, as the platform's serializers read them (Django REST framework): what is not listed is passed
 * over without a word. Source: platform/declarative/{application,deployment}/validations of blueking-paas.
 */

export type Field =
  /** A number is taken for a string, a boolean is not. Blanks at the ends are dropped. */
  | ({ readonly type: 'string'; readonly blank?: true; readonly longest?: number; readonly choices?: readonly string[] } & Rest)
  | ({ readonly type: 'integer'; readonly least?: number; readonly most?: number } & Rest)
  | ({ readonly type: 'object'; readonly fields: Fields } & Rest)
  /** Names of the author's choice. */
  | ({ readonly type: 'names'; readonly of: Field; readonly filled?: true } & Rest)
  | ({ readonly type: 'list'; readonly of: Field; readonly filled?: true } & Rest)
  /** What the platform takes as it is, or reads elsewhere. */
  | ({ readonly type: 'any' } & Rest)

interface Rest {
  readonly required?: true
  /** null may stand for it. */
  readonly nullable?: true
}

export type Fields = Readonly<Record<string, Field>>

const text = { type: 'string' } as const
const needed = { type: 'string', required: true } as const
const any = { type: 'any' } as const
const integer = { type: 'integer' } as const

const object = (fields: Fields): Field => ({ type: 'object', fields })
const list = (of: Field): Field => ({ type: 'list', of })

const language = needed

const display = (camel: boolean): Field =>
  object({ width: any, height: any,
    ...(camel ? { isMaximized: any, visible: any, openMode: any } : { is_maximized: any, is_visible: any, open_mode: any }) })

// Version 2: snake_case

const httpGet2 = object({ port: { type: 'any', required: true }, path: { ...needed, longest: 128 }, host: { ...text, nullable: true },
  http_headers: list(object({ name: needed, value: needed })), scheme: text })

const probe2 = object({
  exec: object({ command: { type: 'list', of: { type: 'string', longest: 48 }, required: true } }),
  http_get: httpGet2,
  tcp_socket: object({ port: { type: 'any', required: true }, host: { ...text, nullable: true } }),
  initial_delay_seconds: integer,
  timeout_seconds: integer,
  period_seconds: integer,
  success_threshold: integer,
  failure_threshold: integer,
})

const module2: Fields = {
  language,
  source_dir: { ...text, blank: true, longest: 255 },
  // Read where an app is made of the file, and not where it is deployed.
  is_default: any,
  services: list(object({ name: any, shared_from: any, specs: any })),
  env_variables: list(
    object({ key: { ...needed, longest: 1024 }, value: { ...needed, blank: true },
      environment_name: { ...text, choices: ['stag', 'prod', '_global_'] },
      description: { ...text, blank: true, nullable: true, longest: 200 } }),
  ),
  processes: {
    type: 'names',
    filled: true,
    of: object({ command: needed, replicas: { ...integer, nullable: true }, plan: { ...text, nullable: true, blank: true },
      probes: { type: 'object', nullable: true, fields: { liveness: probe2, readiness: probe2, startup: probe2 } } }),
  },
  scripts: object({ pre_release_hook: { ...text, blank: true } }),
  svc_discovery: object({ bk_saas: any }),
  bkmonitor: object({ port: { ...integer, required: true }, target_port: integer }),
  package_plans: any,
  build: object({ buildpacks: any }),
}

const version2: Fields = {
  spec_version: any,
  specVersion: any,
  app_version: any,
  tenant: any,
  module: object(module2),
  modules: { type: 'names', of: object(module2) },
  app: object({
    region: any,
    bk_app_code: any,
    bk_app_name: any,
    bk_app_name_en: any,
    market: object({ category: any, introduction: any, introduction_en: any, introduction_zh_cn: any, description: any, description_en: any,
      description_zh_cn: any, display_options: display(false), logo_b64data: any }),
  }),
}

// Version 3: camelCase

const handler3 = {
  exec: object({ command: list(text) }),
  httpGet: object({ port: any, path: text, host: { ...text, nullable: true }, httpHeaders: list(object({ name: needed, value: needed })),
    scheme: text }),
  tcpSocket: object({ port: any, host: { ...text, nullable: true } }),
}

const probe3: Field = {
  type: 'object',
  nullable: true,
  fields: { ...handler3, initialDelaySeconds: integer, timeoutSeconds: integer, periodSeconds: integer, successThreshold: integer,
    failureThreshold: integer },
}

const autoscaling = { minReplicas: { ...integer, required: true, least: 1 }, maxReplicas: { ...integer, required: true, least: 1 },
  policy: text } as const

const words: Field = { type: 'list', of: text, nullable: true }

const process3 = object({
  name: needed,
  procCommand: { ...text, nullable: true },
  command: words,
  args: words,
  replicas: { ...integer, nullable: true, least: 0 },
  resQuotaPlan: { ...text, nullable: true },
  targetPort: { ...integer, nullable: true, least: 1, most: 65535 },
  services: {
    type: 'list',
    nullable: true,
    of: object({
      name: { ...needed, longest: 63 },
      targetPort: { type: 'any', required: true },
      protocol: { ...text, choices: ['TCP', 'UDP'] },
      exposedType: { type: 'object', nullable: true, fields: { name: { ...needed, choices: ['bk/http', 'bk/grpc'] } } },
      port: { ...integer, nullable: true, least: 1, most: 65535 },
    }),
  },
  probes: { type: 'object', nullable: true, fields: { liveness: probe3, readiness: probe3, startup: probe3 } },
  autoscaling: { type: 'object', nullable: true, fields: autoscaling },
  gracefulShutdownSeconds: { ...integer, nullable: true, least: 0 },
  components: { type: 'list', nullable: true,
    of: object({ name: { ...needed, longest: 32 }, version: { ...needed, longest: 32 }, properties: any }) },
})

const environments = ['stag', 'prod'] as const
const environment = { ...needed, choices: environments }

const mount = { name: needed, mountPath: needed, source: { type: 'any', required: true } } as const

const module3: Fields = {
  name: text,
  language,
  sourceDir: { ...text, blank: true, longest: 255 },
  isDefault: any,
  spec: {
    type: 'object',
    required: true,
    fields: {
      processes: { type: 'list', of: process3, required: true, filled: true },
      build: { type: 'object', nullable: true,
        fields: { image: any, imagePullPolicy: { ...text, choices: ['Always', 'Never', 'IfNotPresent'] }, imageCredentialsName: any } },
      configuration: object({
        env: { type: 'list', required: true,
          of: object({ name: { ...needed, longest: 1024 }, value: { ...needed, blank: true },
            description: { ...text, blank: true, nullable: true, longest: 200 } }) },
      }),
      hooks: object({
        preRelease: { type: 'object', nullable: true, fields: { command: words, args: words, procCommand: { ...text, nullable: true } } },
      }),
      addons: list(object({ name: needed, specs: any, sharedFromModule: any })),
      mounts: list(object(mount)),
      envOverlay: object({
        replicas: list(object({ envName: environment, process: needed, count: { ...integer, required: true } })),
        resQuotas: list(object({ envName: environment, process: needed, plan: needed })),
        envVariables: list(
          object({ envName: environment, name: { ...needed, longest: 1024 }, value: { ...needed, blank: true }, description: any }),
        ),
        autoscaling: list(object({ envName: environment, process: needed, ...autoscaling })),
        mounts: list(object({ envName: environment, ...mount })),
      }),
      svcDiscovery: object({ bkSaaS: list(object({ bkAppCode: needed, moduleName: { ...text, nullable: true } })) }),
      domainResolution: object({ nameservers: any, hostAliases: any }),
      observability: object({
        monitoring: { type: 'object', nullable: true, fields: {
          metrics: { type: 'list', nullable: true, of: object({ process: needed, serviceName: needed, path: text, params: any }) },
        } },
      }),
    },
  },
}

const version3: Fields = {
  spec_version: any,
  specVersion: any,
  appVersion: any,
  tenant: any,
  module: object(module3),
  modules: { type: 'list', of: object(module3) },
  app: object({
    region: any,
    bkAppCode: any,
    bkAppName: any,
    bkAppNameEn: any,
    market: object({ category: any, introduction: any, introductionEn: any, description: any, descriptionEn: any,
      displayOptions: display(true), logoB64data: any }),
  }),
}

/** The fields of a whole file, by the version of its format. */
export const descriptionFields = { 2: version2, 3: version3 } as const satisfies Readonly<Record<number, Fields>>
