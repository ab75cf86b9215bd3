/** What stands below the list of options, by verb; empty for the program itself. Lines of at most 80 columns. */
export const HELP_TEXTS: Readonly<Record<string, string>> = {
  '': `
Examples:
  ipvstate export > ipvs.yaml         start from what the kernel has now
  ipvstate validate -f ipvs.yaml      check a file; needs no root
  ipvstate plan -f ipvs.yaml          show what would be done
  ipvstate apply -f ipvs.yaml         do it, read back, roll back on failure
  ipvstate check -f ipvs.yaml         exit 2 when the kernel differs

Exit codes:
  0 done, or in sync   2 changes exist (check, or with --detailed-exitcode)
  3 refused   4 stale plan   5 rolled back   6 partial   7 unverified
  8 try not confirmed, and undone
  64 usage   65 invalid file   66 no such file   69 no IPVS or scheduler
  74 cannot write   75 another ipvstate is writing   77 no permission
  130, 143 stopped by a signal`,

  validate: `
Examples:
  ipvstate validate -f ipvs.yaml
  ipvstate validate -f conf.d --strict -o github`,

  plan: `
Examples:
  ipvstate plan -f ipvs.yaml
  ipvstate plan -f ipvs.yaml --save ipvs.plan && ipvstate apply ipvs.plan
  ipvsadm -Sn > live.save; ipvstate plan -f ipvs.yaml --table live.save`,

  apply: `
Examples:
  ipvstate apply -f ipvs.yaml
  ipvstate apply -f ipvs.yaml --only shop --yes
  ipvstate apply ipvs.plan`,

  try: `
Examples:
  ipvstate try -f ipvs.yaml --timeout 2m      then, if all is well, elsewhere:
  ipvstate confirm
  ipvstate try -f ipvs.yaml --no-wait && ./smoke-test && ipvstate confirm

The try undoes itself at its deadline, also when the terminal, the session or
this process is gone by then. ^C undoes it at once.`,

  rollback: `
Example:
  ipvstate rollback

Undoes only what is still as the last apply left it, and says what is not.`,

  check: `
Examples:
  ipvstate check -f ipvs.yaml || logger 'IPVS has drifted'
  ipvstate check -f ipvs.yaml -o json`,

  watch: `
Examples:
  ipvstate watch -f conf.d
  ipvstate watch -f conf.d --drift report --listen 127.0.0.1:9798
  ipvstate watch -f conf.d --listen /run/ipvstate/http.sock --log-format json
SIGHUP reads everything now. SIGTERM and SIGINT stop at the next safe point;
the table stays as it is.`,

  status: `
Examples:
  ipvstate status
  ipvstate status -o json | jq .config.error
Exits 69 when no daemon runs.`,

  reload: `
Examples:
  ipvstate reload && echo 'the kernel is as the files say'
Exits as apply would.`,

  approve: `
Examples:
  ipvstate status            shows the plan that is held back, and its name
  ipvstate approve 4f2a96c1b0de`,

  export: `
Examples:
  ipvstate export > ipvs.yaml
  ipvstate export -o save | ipvsadm -R`,

  import: `
Examples:
  ipvsadm -Sn | ipvstate import - > ipvs.yaml
  ipvstate import /etc/ipvsadm.rules`,

  schema: `
Examples:
  ipvstate schema > config.schema.json
  ipvstate schema report`,
};
