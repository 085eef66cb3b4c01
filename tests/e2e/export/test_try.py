import time, json
from tests.e2e.export.in_force import objects_of, PLAIN
from tests.e2e.export.test_hostile import many_policies
def test_try(cluster, in_force, admission):
    for n in (0, 25,50,100):
        t=time.process_time(); o=objects_of(many_policies(n), f"m{n}"); t1=time.process_time()-t
        big=sorted(((len(v["expression"]),v["name"]) for v in o[0]["spec"]["variables"]), reverse=True)[:5]
        c0=cluster.metric("process_cpu_seconds_total"); w=time.time()
        cluster.kubectl("create","-f","-",stdin=json.dumps(o[0]))
        w1=time.time()-w; c1=cluster.metric("process_cpu_seconds_total")-c0
        print(n, "export cpu",t1,"json",len(json.dumps(o[0])),"vars",len(o[0]["spec"]["variables"]),big,"create wall",w1,"api cpu",c1, flush=True)
