// The gateway that people run (npm's PuppetServer) around a mock account, driven over stdin.
//
//   node gateway.mjs PORT TOKEN [tls]
//
// One JSON object a line. In: {"do": "say", "from": "alice", ...}, see `commands`. Out:
// {"event": ...} for what happened, {"call": ...} for what a client asked of the account.
import { randomUUID } from 'node:crypto'
import readline from 'node:readline'

import * as PUPPET from 'wechaty-puppet'
import { PuppetMock, mock } from 'wechaty-puppet-mock'
import { PuppetServer } from 'wechaty-puppet-service'

const [port, token, security] = process.argv.slice(2)
const SELF = 'bot'
const { Contact, Friendship, Message } = PUPPET.types

const tell = line => process.stdout.write(JSON.stringify(line) + '\n')

/** A mock account that also tells what it is asked to do. */
class Account extends PuppetMock {

  requests = new Map()
  topics = new Map()
  announcements = new Map()
  aliases = new Map()

  // The mock's own sends no mentions and returns no id.
  async messageSendText (chatId, text, mentionIds = []) {
    const id = hear(chatId.includes('@')
      ? { from: SELF, text, room: chatId, mention: mentionIds }
      : { from: SELF, text, to: chatId })
    tell({ call: 'messageSendText', chatId, text, mentionIds, id })
    return id
  }

  async messageSendFile (chatId, file) {
    tell({ call: 'messageSendFile', chatId, name: file.name, base64: await file.toBase64() })
    return randomUUID()
  }

  async roomTopic (id, topic) { return this.#text('roomTopic', this.topics, id, topic) }
  async roomAnnounce (id, text) { return this.#text('roomAnnounce', this.announcements, id, text) }
  async contactAlias (id, alias) { return this.#text('contactAlias', this.aliases, id, alias) }

  // The mock's own leaves the member where it was.
  async roomDel (roomId, contactId) {
    tell({ call: 'roomDel', roomId, contactId })
    leave({ id: contactId, room: roomId, by: SELF })
  }

  async messageRecall (id) { tell({ call: 'messageRecall', id }); return true }
  async roomInvitationAccept (id) { tell({ call: 'roomInvitationAccept', id }) }

  async friendshipRawPayload (id) { return this.requests.get(id) }
  async friendshipAccept (id) {
    tell({ call: 'friendshipAccept', id })
    befriend({ from: this.requests.get(id).contactId, type: Friendship.Confirm })
  }

  #text (call, texts, id, text) {
    if (text === undefined) return texts.get(id) ?? ''
    texts.set(id, text)
    tell({ call, id, text })
  }

}

const mocker = new mock.Mocker()
const account = new Account({ mocker })

function addContact ({ id, name }) {
  return mocker.createContact({ id, name, type: Contact.Individual })
}

function hear ({ from, text, to = SELF, room, mention = [], ageS = 0, type = Message.Text, id = randomUUID() }) {
  const where = room ? { roomId: room, mentionIdList: mention } : { listenerId: to }
  const timestamp = Date.now() - ageS * 1000
  mocker.cacheMessagePayload.set(id, { id, talkerId: from, timestamp, type, text, ...where })
  account.emit('message', { messageId: id })
  return id
}

function befriend ({ from, hello = '', type = Friendship.Receive }) {
  const id = randomUUID()
  account.requests.set(id, { id, contactId: from, hello, type, ticket: 'ticket', timestamp: Date.now() })
  account.emit('friendship', { friendshipId: id })
}

function join ({ id, name, room, by }) {
  const contact = addContact({ id, name })
  mocker.RoomMock.load(room).add(contact).by(mocker.ContactMock.load(by))
}

function leave ({ id, room, by = id }) {
  mocker.RoomMock.load(room).remove(mocker.ContactMock.load(id)).by(mocker.ContactMock.load(by))
}

// Without a word to anybody, as some puppets hear nothing of it.
function own ({ room, id }) {
  mocker.roomPayload(room, { ...mocker.roomPayload(room), ownerId: id })
}

const commands = {
  say: hear,
  befriend,
  join,
  leave,
  own,
  invite: ({ id }) => account.emit('room-invite', { roomInvitationId: id }),
  scan: ({ code }) => mocker.scan(code),
  logout: ({ reason }) => account.logout(reason),
  login: () => account.login(SELF),
  emit: ({ name, payload }) => account.emit(name, payload),
}

addContact({ id: SELF, name: '机器人' })
addContact({ id: 'alice', name: 'Alice' })
addContact({ id: 'bob', name: 'Bob 鲍勃' })
// To the mock, an id with an @ in it is a room's.
mocker.createRoom({ id: 'lab@chatroom', topic: '实验室', memberIdList: [SELF, 'alice', 'bob'], adminIdList: [], ownerId: 'alice' })
// Runs whenever a client starts the account.
mocker.use(() => { account.login(SELF); return () => {} })

const server = new PuppetServer({ endpoint: `127.0.0.1:${port}`, puppet: account, token, tls: { disable: security !== 'tls' } })
await server.start()
tell({ event: 'listening' })

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { do: name, ...details } = JSON.parse(line)
  await commands[name](details)
}
process.exit(0)
