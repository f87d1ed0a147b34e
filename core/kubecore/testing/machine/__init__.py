"""etcd and kube-apiserver as processes of this machine."""
