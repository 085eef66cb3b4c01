"""Change CPU and memory of running Pods in place: plan, patch, wait for the kubelet, take back.

`plan` and what it imports are pure. `running_pods` is the only module that patches Pods.
"""
