/**
 * Images that start something else by themselves, by the last part of their names: those that most clusters have many of. What is
 * not among them may start anything.
 */
const others = new Set((
  'adminer alertmanager alloy argocd argocli busybox caddy cadvisor cassandra chrony clickhouse clickhouse-server cloud-sql-proxy cloudflared cloudsql-proxy gce-proxy cockroach collector consul contour coredns coturn ' +
  'couchdb curl dex dgraph docker dnsmasq eclipse-mosquitto elasticsearch emqx envoy etcd external-dns filebeat flannel fluent-bit fluentd gitea gitlab-runner gloo grafana haproxy harbor-core httpd ' +
  'hazelcast influxdb install-cni jaeger jenkins k8s-sidecar kafka keycloak kibana kiali kong kube-apiserver kube-controller-manager kube-proxy kube-scheduler kube-state-metrics ' +
  'kubectl linkerd-proxy proxy-init localstack logstash loki mailhog mailpit mariadb memcached metrics-server minio mongo mongodb mosquitto mysql nats neo4j nginx nginx-unprivileged nginx-ingress-controller node ' +
  'oauth2-proxy openjdk opensearch opentelemetry-collector opentelemetry-collector-contrib openresty oracle pause percona pgbouncer pgpool php php-fpm postgis postgres postgresql prometheus promtail ' +
  'proxysql proxyv2 pilot pushgateway qdrant questdb rabbitmq redis redis-cluster redis-sentinel redisinsight redpanda registry selenium solr sonarqube squid stunnel telegraf tempo thanos ' +
  'timescaledb tomcat traefik valkey varnish vault vector velero victoria-metrics weaviate zipkin zookeeper autoscaler cluster-autoscaler cert-manager-controller controller'
).split(' '))

/** True for an image that is known to start something else than gunicorn. */
export function startsSomethingElse(image: unknown): boolean {
  if (typeof image !== 'string') return false
  const path = image.slice(0, image.includes('@') ? image.indexOf('@') : undefined)
  const [name = ''] = path.slice(path.lastIndexOf('/') + 1).split(':', 1)
  return others.has(name) || /[-_](exporter|operator|csi-driver|provisioner)$/.test(name)
}
