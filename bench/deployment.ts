/** Start commands of every kind: right, to be mended, warned of and denied; in a list and in a script. */
const commands = [
  'python manage.py collectstatic --noinput && exec gunicorn shop.wsgi -w 4 -k gevent --timeout 60',
  'exec gunicorn shop.wsgi:application --bind=0.0.0.0:8000 --workers=3 --threads 2 --access-logfile - --error-logfile -',
  'gunicorn shop.wsgi -w 2 -b :$PORT --timeout 10',
  'python manage.py migrate && gunicorn -c gunicorn.conf.py shop.wsgi',
  'exec opentelemetry-instrument gunicorn "shop:create_app()" -b 127.0.0.1:8000',
]

/** A Deployment of some 3.7 kB, as Helm charts make them; no two are alike. */
export function deployment(index: number): string {
  const name = `app-${index}`
  const command = commands[index % commands.length]
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: team-a
  labels:
    app.kubernetes.io/name: ${name}
    app.kubernetes.io/part-of: shop
    app.kubernetes.io/managed-by: Helm
  annotations:
    team.example.com/runbook: "https://runbooks.example.com/${name}: what to do when it does not answer, whom to call, and where its dashboards are"
    team.example.com/owner: "the people of the shop, who are to be found in the channel of the shop, at any time of the day or of the night, weekends and holidays included, with no more than five minutes to wait"
    paddock.dev/requirements: |
      gunicorn==23.0.0
      gevent==24.11.1
      Django==4.2
      # a comment that goes on for some time, to make up the size of a usual one of a team that writes down why it pins what it pins
spec:
  replicas: 3
  revisionHistoryLimit: 5
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  selector:
    matchLabels:
      app.kubernetes.io/name: ${name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${name}
        app.kubernetes.io/part-of: shop
    spec:
      serviceAccountName: ${name}
      securityContext: {runAsNonRoot: true, runAsUser: 1000}
      initContainers:
        - name: migrate
          image: registry.example.com/shop/${name}:1.2.3
          command: ["python", "manage.py", "migrate", "--noinput"]
          env:
            - {name: DATABASE_URL, valueFrom: {secretKeyRef: {name: ${name}, key: url}}}
      containers:
        - name: web
          image: registry.example.com/shop/${name}:1.2.3
          imagePullPolicy: IfNotPresent
          command:
            - sh
            - -c
            - ${command}
          ports:
            - name: http
              containerPort: 8000
              protocol: TCP
          env:
            - name: DJANGO_SETTINGS_MODULE
              value: shop.settings
            - name: LOG_LEVEL
              value: info
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef:
                  name: ${name}
                  key: url
            - name: REDIS_URL
              valueFrom:
                secretKeyRef:
                  name: ${name}
                  key: redis
          resources:
            requests: {cpu: 250m, memory: 512Mi}
            limits: {memory: 1Gi}
          readinessProbe:
            httpGet:
              path: /healthz
              port: http
            initialDelaySeconds: 5
            periodSeconds: 10
            timeoutSeconds: 3
          livenessProbe:
            httpGet:
              path: /healthz
              port: http
            initialDelaySeconds: 15
            periodSeconds: 20
          volumeMounts:
            - name: tmp
              mountPath: /tmp
            - name: static
              mountPath: /srv/static
        - name: nginx
          image: registry.example.com/base/nginx:1.27
          ports:
            - name: static
              containerPort: 8080
          volumeMounts:
            - name: static
              mountPath: /usr/share/nginx/html
              readOnly: true
          resources:
            requests: {cpu: 50m, memory: 32Mi}
            limits: {memory: 64Mi}
      volumes:
        - name: tmp
          emptyDir: {}
        - name: static
          emptyDir: {sizeLimit: 64Mi}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {matchLabels: {app.kubernetes.io/name: ${name}}}
`
}
