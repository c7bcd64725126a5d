// SPDX-License-Identifier: GPL-2.0
/*
 * Who opens scopes.
 *
 * A client registers when its module is loaded, which costs nothing, and is
 * active while it needs the guarantee (a file system: while it is mounted). With
 * the first active client the reserve is filled and the hooks are put in; some
 * time after the last one has gone they are taken out again, so that mounting
 * and unmounting in turn does not patch the kernel each time.
 */
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "ama_core.h"

#define LINGER_MS	2000

/* Protects the list of clients, their activity, and arming. */
static DEFINE_MUTEX(clients_lock);
static LIST_HEAD(clients);
static unsigned int nr_active;
static bool armed;

static void disarm_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(disarm, disarm_work);

/*
 * The client whose file system the gate serves, and the type that its
 * superblocks are of. One is what there is; a second one would make this a list.
 * Written while the gate is out.
 */
struct ama_client *ama_fs_client;
const struct file_system_type *ama_gated_fs_type __read_mostly;

static void serve_at_gate(struct ama_client *client)
{
	WRITE_ONCE(ama_fs_client, client);
	WRITE_ONCE(ama_gated_fs_type, client ? client->fs_type : NULL);
	if (!client)
		ama_gate_forget_mounts();
}

static void size_for_clients(void)
{
	struct ama_client_state *state;

	lockdep_assert_held(&clients_lock);
	ama_sizing_reset();
	list_for_each_entry(state, &clients, entry)
		if (state->active)
			ama_sizing_add(state->client);
	ama_sizing_apply();
}

static int arm(void)
{
	int err;

	lockdep_assert_held(&clients_lock);
	if (armed || !ama_guard_sets)
		return 0;
	err = ama_guard_arm();
	if (err)
		return err;
	err = ama_gate_arm();
	if (err) {
		ama_guard_disarm();
		return err;
	}
	armed = true;
	return 0;
}

static void disarm_now(void)
{
	lockdep_assert_held(&clients_lock);
	if (!armed)
		return;
	ama_gate_disarm();
	ama_guard_disarm();
	armed = false;
}

static void kick_all(void)
{
	unsigned int pool;

	for (pool = 0; pool < AMA_POOLS; pool++)
		ama_refill_kick(ama_pools[pool]);
}

static int fill_all(void)
{
	unsigned int pool;
	int err = 0;

	for (pool = 0; !err && pool < AMA_POOLS; pool++)
		err = ama_refill_now(ama_pools[pool]);
	return err;
}

static void disarm_work(struct work_struct *work)
{
	mutex_lock(&clients_lock);
	if (!nr_active) {
		disarm_now();
		size_for_clients();
		kick_all();
	}
	mutex_unlock(&clients_lock);
}

static bool name_taken(const char *name)
{
	struct ama_client_state *state;

	list_for_each_entry(state, &clients, entry)
		if (!strcmp(state->client->name, name))
			return true;
	return false;
}

static bool well_formed(const struct ama_client *client)
{
	unsigned int i;

	if (!client->name || !client->owner || !client->ops || !client->nr_ops)
		return false;
	for (i = 0; i < client->nr_ops; i++)
		if (!client->ops[i].name || !client->ops[i].bound)
			return false;
	if (!client->fs_type)
		return true;
	if (!client->gate_op || !client->admission)
		return false;
	for (i = 0; i < AMA_GATES; i++)
		if (client->gate_op[i] >= client->nr_ops ||
		    client->ops[client->gate_op[i]].flags & AMA_OP_PROGRESS)
			return false;
	return true;
}

static struct ama_client_state *new_state(struct ama_client *client)
{
	struct ama_client_state *state;

	state = kzalloc(struct_size(state, figures, client->nr_ops), GFP_KERNEL);
	if (!state)
		return NULL;
	state->cpus = __alloc_percpu(client->nr_ops * sizeof(struct ama_op_cpu),
				     __alignof__(struct ama_op_cpu));
	if (!state->cpus) {
		kfree(state);
		return NULL;
	}
	state->client = client;
	return state;
}

static void free_state(struct ama_client_state *state)
{
	free_percpu(state->cpus);
	kfree(state);
}

/**
 * ama_client_register - introduce a client
 * @client: filled in but for @state; stays the caller's
 *
 * Costs nothing until the client is activated.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL if the description is incomplete, -EEXIST if the name is
 * taken, -EBUSY if there is a client with a file system already, -ENOMEM.
 */
int ama_client_register(struct ama_client *client)
{
	struct ama_client_state *state;
	int err = 0;

	if (!well_formed(client)) {
		pr_err(AMA_LOG "client %s: incomplete description\n",
		       client->name ?: "without a name");
		return -EINVAL;
	}
	state = new_state(client);
	if (!state)
		return -ENOMEM;

	mutex_lock(&clients_lock);
	if (name_taken(client->name))
		err = -EEXIST;
	else if (client->fs_type && ama_fs_client)
		err = -EBUSY;
	if (err) {
		mutex_unlock(&clients_lock);
		pr_err(AMA_LOG "client %s: the name or the gate is taken (%d)\n",
		       client->name, err);
		free_state(state);
		return err;
	}
	client->state = state;
	if (client->fs_type)
		serve_at_gate(client);
	list_add_tail(&state->entry, &clients);
	ama_debugfs_add_client(state);
	mutex_unlock(&clients_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(ama_client_register);

/**
 * ama_client_unregister - a client goes away
 * @client: inactive, with no scope open
 *
 * Context: may sleep; waits for calls that are in the gate.
 */
void ama_client_unregister(struct ama_client *client)
{
	struct ama_client_state *state = client->state;
	bool served;

	mutex_lock(&clients_lock);
	WARN_ONCE(state->active, AMA_LOG "client %s unregisters while it is active\n",
		  client->name);
	list_del(&state->entry);
	ama_debugfs_remove_client(state);
	served = client == ama_fs_client;
	if (served)
		serve_at_gate(NULL);
	mutex_unlock(&clients_lock);
	/* Without the lock: what a task in the gate does may take it. */
	if (served)
		ama_gate_drain();
	client->state = NULL;
	free_state(state);
}
EXPORT_SYMBOL_GPL(ama_client_unregister);

/**
 * ama_client_activate - a client needs the guarantee from now on
 * @client: registered; may be active already (activations are counted)
 *
 * Context: may sleep. No scope is open in this task.
 * Return: 0; -ENOMEM if the reserve cannot be filled; an error of the hooks,
 * which was logged. After an error nothing has changed.
 */
int ama_client_activate(struct ama_client *client)
{
	struct ama_client_state *state = client->state;
	int err;

	mutex_lock(&clients_lock);
	state->active++;
	nr_active++;
	size_for_clients();
	err = fill_all() ?: arm();
	if (err) {
		state->active--;
		nr_active--;
		size_for_clients();
		kick_all();
		pr_err(AMA_LOG "client %s cannot be activated (%d)\n",
		       client->name, err);
	}
	mutex_unlock(&clients_lock);
	return err;
}
EXPORT_SYMBOL_GPL(ama_client_activate);

/**
 * ama_client_deactivate - the opposite of ama_client_activate()
 * @client: active, with no scope open
 *
 * Context: may sleep.
 */
void ama_client_deactivate(struct ama_client *client)
{
	mutex_lock(&clients_lock);
	if (!WARN_ON(!client->state->active)) {
		client->state->active--;
		nr_active--;
	}
	ama_gate_forget_mounts();
	mutex_unlock(&clients_lock);
	mod_delayed_work(system_long_wq, &disarm, msecs_to_jiffies(LINGER_MS));
}
EXPORT_SYMBOL_GPL(ama_client_deactivate);

/**
 * ama_client_remounted - a volume's requests are admitted in another way now
 * @client: of the volume
 *
 * What the gate has learnt of paths is void.
 *
 * Context: any that may take a lock.
 */
void ama_client_remounted(struct ama_client *client)
{
	if (client->fs_type)
		ama_gate_forget_mounts();
}
EXPORT_SYMBOL_GPL(ama_client_remounted);

/**
 * ama_client_frozen - a volume is frozen, or not any more
 * @client: of the volume
 * @frozen: it was frozen just now
 *
 * While one is, a call may have to wait in the VFS for as long as the
 * administrator likes, and thawing is a call as well: none gets a grant before it
 * needs it.
 *
 * Context: any.
 */
void ama_client_frozen(struct ama_client *client, bool frozen)
{
	if (frozen)
		atomic_inc(&client->frozen);
	else
		atomic_dec(&client->frozen);
}
EXPORT_SYMBOL_GPL(ama_client_frozen);

/**
 * ama_clients_exit - take the hooks out before the module goes
 *
 * There are no clients any more: each holds a reference to this module through
 * the functions that it calls.
 */
void ama_clients_exit(void)
{
	cancel_delayed_work_sync(&disarm);
	mutex_lock(&clients_lock);
	disarm_now();
	mutex_unlock(&clients_lock);
	ama_gate_drain();
}
